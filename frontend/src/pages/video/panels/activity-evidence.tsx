import type { Activity } from '../../../../../src/api/schemas/videos.ts'
import type { SmallVideo } from '../../../api/video.ts'
import { cn } from '../../../lib/cn.ts'
import { formatShare, formatTime, humanLabel, plural } from '../../../lib/format.ts'
import { scoreMeaning } from '../../../lib/scores.ts'
import { usePlayer } from '../state/player-context.tsx'

/** So many pictures are shown, evenly spread over the activity. */
const MOST_PICTURES = 12

/** Which keyframes an activity was found on, and what was seen on them, by which model, how sure. */
export function ActivityEvidence({ video, activity }: { video: SmallVideo; activity: Activity }) {
  const player = usePlayer()
  const { sightings, frames, weak, bridged, bridgedSeconds } = readEvidence(activity.metadata)
  if (sightings.length === 0 && frames.length === 0) return null
  const shown = spread(frames, MOST_PICTURES)
  return (
    <details className="px-3 pb-2 pl-7.5 text-faint">
      <summary className="cursor-pointer hover:text-ink">Evidence</summary>
      <ul className="mt-1 space-y-0.5">
        {sightings.map((sighting) => (
          <li
            key={`${sighting.source} ${sighting.label} ${sighting.model}`}
            title={scoreMeaning(sighting.scoreKind)}
          >
            {sightingText(sighting)}
          </li>
        ))}
        <li>{framesText(frames.length, weak, bridged, bridgedSeconds)}</li>
      </ul>
      <ol className="mt-1.5 flex flex-wrap gap-1">
        {shown.map(({ id, time, isWeak }) => (
          <li key={id}>
            <button
              type="button"
              disabled={time === null}
              onClick={() => time !== null && player.seek(time)}
              title={isWeak ? 'Too weak to begin an activity, enough for one to go on' : undefined}
              aria-label={
                time === null ? 'Keyframe' : `Go to the keyframe at ${formatTime(time, 1)}`
              }
              className={cn(
                'block overflow-hidden rounded-xs border',
                isWeak ? 'border-dashed border-faint opacity-70' : 'border-line',
              )}
            >
              <img
                loading="lazy"
                alt=""
                src={`/api/videos/${video.id}/keyframes/${id}`}
                className="h-9 w-16 object-cover"
              />
            </button>
          </li>
        ))}
      </ol>
    </details>
  )
}

interface Sighting {
  label: string
  source: string
  model: string
  scoreKind: string | null
  keyframes: number
  max: number
  mean: number | null
}

/** What a rule wrote down; older ones wrote less. */
export function readEvidence(metadata: Record<string, unknown>) {
  const ids = strings(metadata.keyframeIds)
  const times = Array.isArray(metadata.keyframeTimes) ? metadata.keyframeTimes : []
  const weak = new Set(strings(metadata.weakKeyframeIds))
  return {
    sightings: (Array.isArray(metadata.evidence) ? metadata.evidence : []).flatMap(sightingOf),
    frames: ids.map((id, index) => {
      const time: unknown = times[index]
      return { id, time: typeof time === 'number' ? time : null, isWeak: weak.has(id) }
    }),
    weak: weak.size,
    bridged: strings(metadata.bridgedKeyframeIds).length,
    bridgedSeconds: typeof metadata.bridgedSeconds === 'number' ? metadata.bridgedSeconds : null,
  }
}

function sightingOf(entry: unknown): Sighting[] {
  if (typeof entry !== 'object' || entry === null) return []
  const { label, source, modelName, scoreKind, keyframes, maxConfidence, meanConfidence } =
    entry as Record<string, unknown>
  if (typeof label !== 'string' || typeof maxConfidence !== 'number') return []
  return [
    {
      label,
      source: typeof source === 'string' ? source : '',
      model: typeof modelName === 'string' ? modelName : '',
      scoreKind: typeof scoreKind === 'string' ? scoreKind : null,
      keyframes: typeof keyframes === 'number' ? keyframes : 0,
      max: maxConfidence,
      mean: typeof meanConfidence === 'number' ? meanConfidence : null,
    },
  ]
}

function sightingText({ label, source, model, keyframes, max, mean }: Sighting): string {
  return [
    `${humanLabel(label)} in ${plural(keyframes, 'keyframe')}`,
    `at most ${formatShare(max)}`,
    ...(mean === null ? [] : [`${formatShare(mean)} on average`]),
    model || source,
  ].join(', ')
}

function framesText(
  frames: number,
  weak: number,
  bridged: number,
  bridgedSeconds: number | null,
): string {
  return [
    plural(frames, 'keyframe'),
    ...(weak > 0 ? [`${weak} of them too weak to begin by`] : []),
    ...(bridged > 0
      ? [`${bridged} bridged${bridgedSeconds === null ? '' : ` (${bridgedSeconds.toFixed(1)} s)`}`]
      : []),
  ].join(', ')
}

/** At most so many of a list, the first and the last among them. */
function spread<T>(items: T[], most: number): T[] {
  if (items.length <= most) return items
  return Array.from(
    { length: most },
    (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!,
  )
}

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
