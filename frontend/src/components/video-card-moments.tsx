import { Captions, Image, Tags, Type } from 'lucide-react'
import { Link } from 'react-router'
import type { CardVideo, Moment } from '../api/search.ts'
import { cn } from '../lib/cn.ts'
import { formatTime, humanLabel } from '../lib/format.ts'

const REASONS: Record<Moment['reason'], { icon: typeof Image; text: string }> = {
  picture: { icon: Image, text: 'looks like it' },
  speech: { icon: Captions, text: 'said' },
  title: { icon: Type, text: 'words in the title' },
  tags: { icon: Tags, text: 'words in the tags' },
  description: { icon: Type, text: 'words in the description' },
}

/** The moments, each a link to its time with why it was found. The first one is the best. */
export function Moments({
  video,
  to,
  tabIndex,
}: {
  video: CardVideo
  to: (seconds: number) => string
  tabIndex: number
}) {
  return (
    <p className="flex h-[18px] gap-1 overflow-hidden">
      {video.moments.map((moment, index) => {
        const { icon: Icon, text } = REASONS[moment.reason]
        const time = formatTime(moment.start_time)
        return (
          <Link
            key={`${moment.start_time}-${moment.reason}`}
            to={to(moment.start_time)}
            tabIndex={tabIndex}
            title={`${momentRange(moment)}: ${moment.text ?? text}`}
            aria-label={`${video.title} at ${time}, ${text}`}
            className={cn(
              'flex shrink-0 items-center gap-1 rounded-sm border border-line bg-raised px-1 font-mono text-[11px] leading-4 text-dim hover:border-amber hover:text-amber focus-visible:-outline-offset-2',
              index === 0 && 'border-amber/40 text-amber',
            )}
          >
            <Icon className="size-3" aria-hidden />
            {time}
          </Link>
        )
      })}
    </p>
  )
}

/** What is said at the best moment that is spoken; without one the tags. */
export function SpeechOrTags({ video }: { video: CardVideo }) {
  const spoken = video.moments.find(({ reason, text }) => reason === 'speech' && text)
  if (!spoken) return <TagLine tags={video.tags} />
  return (
    <p className="h-[18px] truncate text-xs text-dim italic" title={spoken.text}>
      “{spoken.text?.trim()}”
    </p>
  )
}

/** One line; what does not fit is counted. Tags are short, so characters tell well enough. */
export function TagLine({ tags }: { tags: string[] }) {
  let room = 26
  const shown = tags.filter((tag, index) => {
    room -= tag.length + 3
    return index === 0 || room >= 0
  })
  return (
    <p className="flex h-[18px] items-center gap-1 overflow-hidden text-[11px] text-dim">
      {shown.map((tag) => (
        <span key={tag} className="truncate rounded-sm bg-raised px-1 leading-[17px]">
          {humanLabel(tag)}
        </span>
      ))}
      {shown.length < tags.length && (
        <span className="shrink-0" title={tags.slice(shown.length).map(humanLabel).join(', ')}>
          +{tags.length - shown.length}
        </span>
      )}
    </p>
  )
}

/** `0:12–0:18`; a moment within one second is one time. */
export function momentRange({ start_time, end_time }: Moment): string {
  const [start, end] = [formatTime(start_time), formatTime(end_time)]
  return start === end ? start : `${start}–${end}`
}
