/**
 * Share of a video's time, 0–1, in which someone speaks: the union of the transcript's segments.
 * Null when no model has listened or the video has no length.
 */
export function speechShareOf(
  segments: readonly { startTime: number; endTime: number }[] | null,
  durationSeconds: number | null,
): number | null {
  if (!segments || !durationSeconds) return null
  let spoken = 0
  let until = 0
  for (const { startTime, endTime } of segments.toSorted((a, b) => a.startTime - b.startTime)) {
    const end = Math.min(endTime, durationSeconds)
    spoken += Math.max(0, end - Math.max(startTime, until))
    until = Math.max(until, end)
  }
  return Math.min(1, spoken / durationSeconds)
}
