import { MessageSquareText } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import type { SmallVideo } from '../../../api/video.ts'
import { EmptyState, ErrorState } from '../../../components/page-state.tsx'
import { Button } from '../../../components/ui/button.tsx'
import { Checkbox } from '../../../components/ui/checkbox.tsx'
import { Skeleton } from '../../../components/ui/skeleton.tsx'
import { plural } from '../../../lib/format.ts'
import { StepNote } from './step-note.tsx'
import { TranscriptList } from './transcript-list.tsx'
import { TranscriptTakeAway } from './transcript-take-away.tsx'
import { useTranscript } from './use-transcript.ts'

const languageNames = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' })

/** `also German, French`: what is spoken besides the main language; null when nothing is. */
export function otherLanguages(
  segments: { language: string | null }[],
  main: string | null,
): string | null {
  const found = new Set(segments.flatMap(({ language }) => language ?? []))
  if (main) found.delete(main)
  if (found.size === 0) return null
  return `also ${[...found].map((code) => languageNames.of(code)).join(', ')}`
}

/** What is said: follows the playhead, goes where it is pressed, can be searched and taken away. */
export function TranscriptPanel({ video }: { video: SmallVideo }) {
  const [typed, setTyped] = useState('')
  const [isFollowing, setFollowing] = useState(true)
  const q = useDeferredValue(typed.trim())
  const whole = useTranscript(video.id, '')
  const found = useTranscript(video.id, q, q !== '')
  const listed = q === '' ? whole : found
  const { first } = listed
  const cutOff = [whole, found].filter((each) => each.isCutOff)

  if (q === '' && !first)
    return whole.error ? (
      <ErrorState error={whole.error} onRetry={whole.refetch} />
    ) : (
      <Skeleton className="m-3 h-40" />
    )
  if (q === '' && whole.segments.length === 0) {
    const step = video.steps.find(({ name }) => name === 'transcription')
    return (
      <EmptyState title="No transcript" icon={MessageSquareText} className="overflow-y-auto">
        {step && step.state !== 'done' ? (
          <StepNote step={step} video={video} />
        ) : (
          <p>Nobody speaks in it.</p>
        )}
      </EmptyState>
    )
  }
  return (
    <>
      <div className="flex shrink-0 flex-wrap items-center gap-2 border-b px-3 py-1.5 text-xs">
        <input
          type="search"
          aria-label="Search in the transcript"
          placeholder="Search in the transcript"
          value={typed}
          maxLength={200}
          onChange={(event) => setTyped(event.target.value)}
          className="h-7 min-w-0 flex-1 basis-32 rounded-md border border-edge bg-ground px-2 placeholder:text-faint"
        />
        <span className="flex items-center gap-1.5 text-dim">
          <Checkbox
            id="follow"
            checked={isFollowing}
            onCheckedChange={(checked) => setFollowing(checked === true)}
          />
          <label htmlFor="follow">Follow</label>
        </span>
        <TranscriptTakeAway title={video.title} segments={whole.segments} isWhole={whole.isWhole} />
      </div>
      <p role="status" className="shrink-0 px-3 py-1 text-xs text-faint">
        {q === ''
          ? [
              first?.language && languageNames.of(first.language),
              plural(first?.total ?? 0, 'segment'),
              first?.source === 'captions'
                ? 'captions that came with the video'
                : first?.model_name,
              otherLanguages(whole.segments, first?.language ?? null),
            ]
              .filter(Boolean)
              .join(' · ')
          : first
            ? `${plural(first.total, 'segment')} with “${q}”`
            : !found.error && 'Searching…'}
      </p>
      {cutOff.length > 0 ? (
        <p
          role="alert"
          className="flex shrink-0 flex-wrap items-center gap-2 px-3 py-1 text-xs text-bad"
        >
          A part of the transcript did not come.
          <Button
            size="sm"
            disabled={cutOff.some((each) => each.isFetching)}
            onClick={() => {
              for (const each of cutOff) each.loadRest()
            }}
          >
            Load the rest
          </Button>
        </p>
      ) : (
        whole.first &&
        !whole.isWhole && (
          <p className="shrink-0 px-3 py-1 text-xs text-faint">
            {`Loading the transcript: ${whole.segments.length} of ${whole.first.total}`}
          </p>
        )
      )}
      {!first && found.error ? (
        <ErrorState error={found.error} onRetry={found.refetch} />
      ) : (
        <TranscriptList segments={listed.segments} q={q} isFollowing={isFollowing} />
      )}
    </>
  )
}
