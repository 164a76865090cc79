/** One figure of how right labels are, against material with known answers. */
export interface Score {
  /** What is measured, in words: a line of the table. */
  name: string
  value: number
  unit: 'share' | 'of' | 'errors' | 'rank'
  /** How many answers it is taken over. */
  of: number
  /**
   * By how much it may be worse in a run of the same code: another machine's arithmetic, a batch that is
   * put together in another way. More than that is a change for the worse.
   */
  noise: number
  /** `lower` for errors. */
  better: 'higher' | 'lower'
}

/** Model and its scores. */
export interface ModelScores {
  model: string
  scores: Score[]
}

/** The scores that are worse than the known ones by more than their noise, each as a sentence. */
export function fallen(known: readonly ModelScores[], now: readonly ModelScores[]): string[] {
  return known.flatMap(({ model, scores }) =>
    scores.flatMap((before) => {
      const found = now.find((entry) => entry.model === model)
      const score = found?.scores.find(({ name }) => name === before.name)
      if (!score) return [`${model}, ${before.name}: not measured`]
      const loss =
        before.better === 'higher' ? before.value - score.value : score.value - before.value
      return loss > before.noise + 1e-9
        ? [`${model}, ${before.name}: ${score.value}, was ${before.value} (noise ${before.noise})`]
        : []
    }),
  )
}

export const rounded = (value: number) => Math.round(value * 1000) / 1000
