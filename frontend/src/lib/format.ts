/** `1:05`, `1:02:07`; with `decimals` `0:03.4`. Seconds in; null gives a dash. */
export function formatTime(seconds: number | null | undefined, decimals = 0): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–'
  const unit = 10 ** decimals
  const whole = Math.max(0, decimals > 0 ? Math.floor(seconds * unit) / unit : Math.round(seconds))
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  const rest = (whole % 60).toFixed(decimals).padStart(decimals > 0 ? 3 + decimals : 2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const plain = new Intl.NumberFormat('en')

/** `12,345`; from a hundred thousand on `123.5K`. */
export function formatCount(count: number): string {
  return count >= 100_000 ? compact.format(count) : plain.format(count)
}

/** `3 videos`, `1 video`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** Hours as `12.3 h`, below one hour in minutes or seconds. */
export function formatHours(hours: number): string {
  if (hours >= 10) return `${formatCount(Math.round(hours))} h`
  if (hours >= 1) return `${hours.toFixed(1)} h`
  if (hours * 60 >= 1) return `${Math.round(hours * 60)} min`
  return `${Math.round(hours * 3600)} s`
}

/** `3.4 MB`, in powers of 1000. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '–'
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** A share 0–1 as `87 %`. */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** `5 minutes ago`. */
export function formatAgo(iso: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ]
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit)
  }
  return 'just now'
}

/** `2026-11-23 04:33` in the reader's own time zone. */
export function formatDate(iso: string): string {
  const date = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** A label as people read it: `tool_usage` is `tool usage`. */
export function humanLabel(label: string): string {
  return label.replaceAll('_', ' ')
}
