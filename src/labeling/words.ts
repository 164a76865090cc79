import type { Taxonomy } from './taxonomy.ts'

/** A word that an open-vocabulary detector looks for, and the label of what it finds. */
export interface WantedWord {
  /** As it is said: `hand tool`. */
  word: string
  /** As the taxonomy spells it: `hand_tool`; the word itself where the taxonomy does not know it. */
  label: string
}

/** Most words of one task: each costs the detector time on every keyframe. */
export const MAX_WORDS = 100

/**
 * What an open-vocabulary detector looks for: the words given, or else every concept and every object
 * of the taxonomy, each once.
 *
 * @param given [] for the taxonomy's
 */
export function wantedWords(
  taxonomy: Pick<Taxonomy, 'objects' | 'concepts'>,
  given: readonly string[],
): WantedWord[] {
  const labels = [...taxonomy.concepts.map(({ name }) => name), ...Object.values(taxonomy.objects)]
  const labelOf = new Map(labels.map((label) => [spoken(label), label]))
  const words = given.length > 0 ? given.map(spoken) : [...labelOf.keys()]
  return [...new Set(words)]
    .slice(0, MAX_WORDS)
    .map((word) => ({ word, label: labelOf.get(word) ?? word }))
}

function spoken(label: string): string {
  return label.trim().toLowerCase().replaceAll('_', ' ')
}
