import { useInfiniteQuery } from '@tanstack/react-query'
import { Copy, Download, MessageSquareText } from 'lucide-react'
import { useDeferredValue, useEffect, useMemo, useState } from 'react'
import { type SmallVideo, transcriptQuery } from '../../../api/video.ts'
import { EmptyState, ErrorState } from '../../../components/page-state.tsx'
import { Button } from '../../../components/ui/button.tsx'
import { Checkbox } from '../../../components/ui/checkbox.tsx'
import { Menu, MenuContent, MenuItem, MenuTrigger } from '../../../components/ui/menu.tsx'
import { Skeleton } from '../../../components/ui/skeleton.tsx'
import { useToast } from '../../../components/ui/toast.tsx'
import { plural } from '../../../lib/format.ts'
import { StepNote } from './step-note.tsx'
import { downloadText, fileName, toSrt, toVtt } from './subtitles.ts'
import { TranscriptList } from './transcript-list.tsx'

const languageNames = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' })

/** What is said: follows the playhead, goes where it is pressed, can be searched and taken away. */
export function TranscriptPanel({ video }: { video: SmallVideo }) {
  const toast = useToast()
  const [typed, setTyped] = useState('')
  const [isFollowing, setFollowing] = useState(true)
  const q = useDeferredValue(typed.trim())
  const transcript = useInfiniteQuery(transcriptQuery(video.id, q))
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = transcript
  // A page is some tens of kilobytes, so all of them are read: to follow, to copy, to download.
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const segments = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data])
  const [first] = data?.pages ?? []

  if (transcript.error)
    return <ErrorState error={transcript.error} onRetry={() => void transcript.refetch()} />
  if (!first && q === '') return <Skeleton className="m-3 h-40" />
  if (q === '' && segments.length === 0) {
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
  const copy = async () => {
    const text = segments.map((segment) => segment.text.trim()).join('\n')
    const copied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    )
    toast(
      copied ? 'The transcript is copied.' : 'The browser does not let this page copy.',
      copied ? 'ok' : 'bad',
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
        <Button
          size="icon-sm"
          variant="ghost"
          aria-label="Copy the transcript"
          onClick={() => void copy()}
        >
          <Copy />
        </Button>
        <Menu>
          <MenuTrigger asChild>
            <Button size="icon-sm" variant="ghost" aria-label="Download the transcript">
              <Download />
            </Button>
          </MenuTrigger>
          <MenuContent>
            <MenuItem
              onSelect={() =>
                downloadText(fileName(video.title, 'srt'), toSrt(segments), 'application/x-subrip')
              }
            >
              SubRip (.srt)
            </MenuItem>
            <MenuItem
              onSelect={() =>
                downloadText(fileName(video.title, 'vtt'), toVtt(segments), 'text/vtt')
              }
            >
              WebVTT (.vtt)
            </MenuItem>
          </MenuContent>
        </Menu>
      </div>
      <p role="status" className="shrink-0 px-3 py-1 text-xs text-faint">
        {q === ''
          ? [
              first?.language && languageNames.of(first.language),
              plural(first?.total ?? 0, 'segment'),
              first?.model_name,
            ]
              .filter(Boolean)
              .join(' · ')
          : transcript.isFetching
            ? 'Searching…'
            : `${plural(first?.total ?? 0, 'segment')} with “${q}”`}
      </p>
      <TranscriptList segments={segments} q={q} isFollowing={isFollowing} />
    </>
  )
}
