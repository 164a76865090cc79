/**
 * Seconds of a duration as sources write it: `53.7`, `10:00`, `1:02:03`, or a number. Null for what is
 * none of these, and for zero, by which they mean that they do not know.
 */
export function durationSeconds(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? value : null
  if (typeof value !== 'string') return null
  const parts = value.trim().split(':')
  if (parts.length > 3 || !parts.every((part) => /^\d+(?:\.\d+)?$/.test(part))) return null
  const seconds = parts.reduce((sum, part) => sum * 60 + Number(part), 0)
  return seconds > 0 ? seconds : null
}
