import type { Estimate } from '../../api/tasks.ts'
import { formatBytes, formatCount, formatHours, formatTime, plural } from '../../lib/format.ts'
import { failureText, platformName } from './task-words.ts'

/** What a task would find and cost. */
export function EstimateBox({ found }: { found: Estimate }) {
  const rejected = Object.entries(found.rejected)
  const figures: [string, string][] = [
    ['Videos', formatCount(found.candidates)],
    ['Length', found.hours === null ? 'not stated' : formatHours(found.hours)],
    ['Download', found.bytes === null ? 'not stated' : formatBytes(found.bytes)],
    [found.seconds_measured ? 'Time' : 'Time, assumed', formatTime(found.seconds_estimated)],
    ...(found.apify_cost_usd === null
      ? []
      : ([['At Apify', `$${found.apify_cost_usd.toFixed(2)}`]] as [string, string][])),
  ]
  return (
    <section
      aria-label="Estimate"
      aria-live="polite"
      className="space-y-2 rounded-md border bg-ground p-3 text-sm"
    >
      <dl className="flex flex-wrap gap-x-5 gap-y-1 tabular-nums">
        {figures.map(([name, value]) => (
          <div key={name} className="flex gap-1.5">
            <dt className="text-dim">{name}</dt>
            <dd className="font-medium">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="text-xs text-dim">
        From {plural(found.sampled, 'candidate')} looked at.{' '}
        {shares(found.by_platform, platformName)}
        {Object.keys(found.licences).length > 0 && ` Licences: ${shares(found.licences)}`}
        {rejected.length > 0 && ` Not taken: ${shares(found.rejected, failureText)}`}
      </p>
      {found.notes.map(({ code, message }) => (
        <p key={`${code} ${message}`} className="text-xs break-words text-dim">
          {message}
        </p>
      ))}
      {found.samples.length > 0 && (
        <ul aria-label="Examples" className="text-xs">
          {found.samples.map(({ url, title, seconds }) => (
            <li key={url} className="truncate">
              <a href={url} target="_blank" rel="noreferrer" className="hover:underline">
                {title || url}
              </a>{' '}
              {seconds !== null && <span className="text-faint">{formatTime(seconds)}</span>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function shares(counts: Record<string, number>, name = (key: string) => key): string {
  const parts = Object.entries(counts).map(([key, count]) => `${name(key)} ${formatCount(count)}`)
  return parts.length > 0 ? `${parts.join(', ')}.` : ''
}
