import { createHash } from 'node:crypto'

/**
 * What one embedding model makes of a taxonomy's concepts on frames that show none of them. With it
 * a score means something: the share of those frames that look less like the concept.
 */
export interface Calibration {
  /** Name and revision of the embedding model; of another one nothing here holds. */
  model: string
  revision: string
  /** Day it was measured, YYYY-MM-DD. */
  date: string
  /** How many background frames. */
  frames: number
  /** Which frames, in words. */
  origin: string
  /** Ascending, 0 first and 1 last: the shares that the quantiles are taken at. */
  shares: number[]
  concepts: ConceptCalibration[]
}

export interface ConceptCalibration {
  name: string
  /** `promptsHash` of what was measured; other prompts make it stale. */
  prompts: string
  /** Log-odds (see `scoreConcepts`) at each of `shares` on the background frames; never falling. */
  quantiles: number[]
  /** Lowest score, 0–1, at which the concept is a label; null: this model cannot tell it. */
  threshold: number | null
  /** Lowest score at which a label that is there goes on; at most `threshold`. */
  keepThreshold: number | null
  /** Where the two come from, in words. */
  origin: string
}

/** Closer together where thresholds are. */
export const SHARES = [
  0, 0.1, 0.25, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99, 1,
]

/** Names all that decides a concept's log-odds besides the model: 16 hex digits of a sha256. */
export function promptsHash(
  taxonomy: { templates: string[]; background: string[] },
  prompts: string[],
): string {
  return createHash('sha256')
    .update(JSON.stringify([taxonomy.templates, taxonomy.background, prompts]))
    .digest('hex')
    .slice(0, 16)
}

/**
 * The values at `shares` of a sample, linear between neighbours (type 7 of Hyndman and Fan 1996).
 *
 * @throws RangeError for no values
 */
export function quantilesOf(values: readonly number[], shares: readonly number[]): number[] {
  if (values.length === 0) throw new RangeError('Expected values to take quantiles of, got none')
  const sorted = values.toSorted((a, b) => a - b)
  return shares.map((share) => {
    const at = share * (sorted.length - 1)
    const below = sorted[Math.floor(at)]!
    return below + (at % 1) * (sorted[Math.ceil(at)]! - below)
  })
}

/**
 * Share of the background frames that lie below `value`, 0 to `frames / (frames + 1)`: n frames
 * cannot show that fewer than one in n + 1 lie above. Between two quantiles it is linear; of several
 * equal ones the lowest counts.
 *
 * @param value log-odds of a frame
 */
export function shareBelow(
  value: number,
  calibration: Pick<Calibration, 'shares' | 'frames'>,
  quantiles: readonly number[],
): number {
  const { shares, frames } = calibration
  const most = frames / (frames + 1)
  const next = quantiles.findIndex((quantile) => quantile >= value)
  if (next < 0) return most
  if (next === 0) return 0
  const [low, high] = [quantiles[next - 1]!, quantiles[next]!]
  const [from, to] = [shares[next - 1]!, shares[next]!]
  return most * (from + ((value - low) / (high - low)) * (to - from))
}

/** The share that so many frames can show at most, and thresholds may ask for. */
export function highestShare(frames: number): number {
  return frames / (frames + 1)
}
