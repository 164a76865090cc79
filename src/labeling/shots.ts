import type { Shot } from '../store/shots.ts'

/**
 * The shots of a video whose own were not stored (its frames were taken before they were), from its
 * keyframes: each begins at its first keyframe (the first one at 0)
 * and ends where the next begins, the last one at the end of the video. Ordered by time; empty
 * without keyframes.
 *
 * @param keyframes in any order
 * @param durationSeconds end of the video; null takes the last keyframe's time
 */
export function shotsOf(
  keyframes: { timestamp: number; shotIndex: number }[],
  durationSeconds: number | null,
): Pick<Shot, 'index' | 'startTime' | 'endTime'>[] {
  const starts = new Map<number, number>()
  let last = 0
  for (const { timestamp, shotIndex } of keyframes) {
    starts.set(shotIndex, Math.min(timestamp, starts.get(shotIndex) ?? timestamp))
    last = Math.max(last, timestamp)
  }
  const ordered = [...starts].sort(([, a], [, b]) => a - b)
  return ordered.map(([index, start], position) => {
    const startTime = position === 0 ? 0 : start
    const next = ordered[position + 1]?.[1]
    return { index, startTime, endTime: Math.max(startTime, next ?? durationSeconds ?? last) }
  })
}
