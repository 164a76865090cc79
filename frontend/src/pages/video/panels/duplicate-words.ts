import type { NearDuplicate } from '../../../api/duplicates.ts'

/** What the kinds are called, and what they mean. */
export const KIND_WORDS: Record<NonNullable<NearDuplicate['kind']>, [string, string]> = {
  exact: ['Exact copy', 'The same pictures, bit by bit'],
  're-encode': ['Re-encode', 'The same from end to end, in another form'],
  excerpt: ['Excerpt', 'A part of one is in the other'],
  'same-scene': ['Same scene', 'They look alike, but not the same happens: no duplicate'],
}

/** What is to be kept of the two, in a few words; null when nothing is flagged. */
export function keepWords({ flagged, is_keeper }: NearDuplicate): string | null {
  if (flagged === 'other') return 'this one is better: the other is flagged'
  if (flagged === 'this')
    return is_keeper ? 'the one to keep: this one is flagged' : 'better: this one is flagged'
  return null
}

/** What changed between the two beside their size, in a few words. */
export function changeWords({ is_mirrored, speed }: NearDuplicate): string[] {
  const percent = Math.round(Math.abs(1 / speed - 1) * 100)
  return [
    ...(is_mirrored ? ['mirrored'] : []),
    // Less than that is within what keyframes a second apart can tell.
    ...(percent >= 2 ? [`${percent} % ${speed < 1 ? 'faster' : 'slower'}`] : []),
  ]
}

/**
 * How near the two videos' vectors are; null below .9, where it says more of the model (a mirrored
 * copy may be a stranger to it) than of the two. A tenth of a percent tells near-duplicates apart.
 */
export function alikeWords({ similarity }: NearDuplicate): string | null {
  return similarity < 0.9 ? null : `${(Math.floor(similarity * 1000) / 10).toFixed(1)} % alike`
}
