import { Check, Copy, ScanSearch } from 'lucide-react'
import { type CSSProperties, type KeyboardEvent, type MouseEvent, memo } from 'react'
import { Link } from 'react-router'
import type { CardVideo, Moment } from '../api/search.ts'
import { cn } from '../lib/cn.ts'
import { formatTime } from '../lib/format.ts'
import { paths } from '../lib/paths.ts'
import { keyframeIdOf } from './scrub.ts'
import { StatusBadge } from './ui/badge.tsx'
import { useScrub } from './use-scrub.ts'
import { type CardActions, CardMenu, corner } from './video-card-menu.tsx'
import { Moments, momentRange, SpeechOrTags, TagLine } from './video-card-moments.tsx'
import { VideoPicture } from './video-picture.tsx'

export interface VideoCardProps {
  video: CardVideo
  index: number
  /** Words searched for; the video's page marks their hits. */
  q: string
  dense: boolean
  ranked: boolean
  chosen: boolean
  /** Something is chosen: every card shows its box. */
  choosing: boolean
  /** The one card of the grid that Tab reaches. */
  isTabStop: boolean
  pictureHeight: number
  actions: CardActions
  style?: CSSProperties
}

/** One video of the grid: its best moment or its thumbnail, what it is, and what can be done. */
export const VideoCard = memo(function VideoCard(props: VideoCardProps) {
  const { video, index, q, dense, ranked, chosen, choosing, isTabStop, pictureHeight } = props
  const { actions, style } = props
  const best = video.moments[0]
  const scrub = useScrub(video.id, video.status === 'completed')
  const at = scrub.keyframe?.timestamp ?? best?.start_time
  const to = (seconds: number | undefined) =>
    paths.video(video.id, { ...(seconds === undefined ? {} : { at: seconds }), q })
  const still = best?.keyframe_url ?? video.thumbnail_url
  const shownKeyframe = scrub.keyframe?.id ?? keyframeIdOf(best?.keyframe_url)
  const tabIndex = isTabStop ? 0 : -1

  const onKeyDown = (event: KeyboardEvent) => {
    const isLink = (event.target as HTMLElement).matches('[data-card-link]')
    if (!isLink || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === ' ') actions.choose(video, event.shiftKey)
    else if (event.key === 'm' || event.key === 'M') actions.findSimilar(video, shownKeyframe)
    else if (event.key === '.') scrub.step(1, best?.start_time ?? 0)
    else if (event.key === ',') scrub.step(-1, best?.start_time ?? 0)
    else return
    event.preventDefault()
  }
  const onClick = (event: MouseEvent) => {
    if (!event.shiftKey) return
    event.preventDefault()
    actions.choose(video, true)
  }

  return (
    <li
      data-slot="video-card"
      data-index={index}
      style={style}
      className={cn(
        'group/card overflow-hidden rounded-md border bg-panel has-[[data-card-link]:focus-visible]:outline-2 has-[[data-card-link]:focus-visible]:outline-offset-2 has-[[data-card-link]:focus-visible]:outline-amber',
        chosen && 'border-amber bg-amber-soft',
      )}
      onKeyDown={onKeyDown}
      onFocus={() => actions.focused(index)}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) scrub.stop()
      }}
    >
      <div className="relative bg-black" style={{ height: pictureHeight }}>
        <Link
          to={to(at)}
          tabIndex={-1}
          aria-hidden
          draggable={false}
          onClick={onClick}
          className="block size-full touch-pan-y"
          {...scrub.handlers}
        >
          <VideoPicture
            src={scrub.keyframe?.url ?? still}
            status={video.status}
            className={video.status === 'completed' ? '' : 'opacity-50'}
          />
        </Link>
        <Overlays
          video={video}
          best={ranked ? best : undefined}
          scrubbed={scrub.keyframe?.timestamp}
        />
        <label
          htmlFor={`choose-${video.id}`}
          className={cn(
            'absolute top-0 left-0 grid size-9 place-items-center opacity-0 group-focus-within/card:opacity-100 group-hover/card:opacity-100 [@media(hover:none)]:opacity-100',
            (chosen || choosing) && 'opacity-100',
          )}
        >
          <input
            id={`choose-${video.id}`}
            type="checkbox"
            checked={chosen}
            aria-label={`Choose ${video.title}`}
            tabIndex={tabIndex}
            onChange={({ nativeEvent }) =>
              actions.choose(video, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)
            }
            className="col-start-1 row-start-1 size-5 appearance-none rounded-sm border border-ink bg-black/70 checked:border-amber checked:bg-amber"
          />
          {chosen && (
            <Check
              className="pointer-events-none col-start-1 row-start-1 size-4 text-amber-ink"
              strokeWidth={3}
              aria-hidden
            />
          )}
        </label>
        {video.status === 'completed' && (
          <button
            type="button"
            tabIndex={tabIndex}
            aria-label={`More like ${video.title}`}
            title={shownKeyframe ? 'More like this picture (M)' : 'More like this video (M)'}
            onClick={() => actions.findSimilar(video, shownKeyframe)}
            className={cn(corner, 'right-9 [@media(hover:none)]:hidden')}
          >
            <ScanSearch className="size-4" aria-hidden />
          </button>
        )}
        <CardMenu
          video={video}
          chosen={chosen}
          actions={actions}
          at={at}
          to={to(at)}
          keyframeId={shownKeyframe}
          tabIndex={tabIndex}
        />
      </div>
      <div className={cn('flex flex-col px-2', dense ? 'py-1.5' : 'gap-1.5 py-2')}>
        <div className="flex items-baseline gap-2">
          <Link
            to={to(at)}
            data-card-link
            tabIndex={tabIndex}
            onClick={onClick}
            title={video.title}
            aria-keyshortcuts="Space M . ,"
            className="min-w-0 flex-1 truncate text-[13px] leading-5 font-medium outline-none hover:underline"
          >
            {video.title}
          </Link>
          {video.score !== null && (
            <span
              className="shrink-0 font-mono text-[11px] text-dim"
              title="Rank within this answer, 0 to 1"
            >
              <span className="sr-only">Rank </span>
              {video.score.toFixed(2)}
            </span>
          )}
        </div>
        {!dense && ranked && <Moments video={video} to={to} tabIndex={tabIndex} />}
        {!dense && (ranked ? <SpeechOrTags video={video} /> : <TagLine tags={video.tags} />)}
      </div>
    </li>
  )
})

/** A few letters on the picture. */
const mark =
  'inline-flex items-center gap-1 rounded-sm bg-black/80 px-1 font-mono text-[11px] leading-[18px] text-ink'

/** What lies on the picture: length, state, the moment, and where the pointer is. */
function Overlays({
  video,
  best,
  scrubbed,
}: {
  video: CardVideo
  best: Moment | undefined
  scrubbed: number | undefined
}) {
  const isMoment = best && best.keyframe_url !== null && scrubbed === undefined
  const share = scrubbed === undefined || !video.duration ? 0 : scrubbed / video.duration
  return (
    <div className="pointer-events-none absolute inset-0">
      <div className="absolute right-9 bottom-1 left-1 flex flex-wrap gap-1">
        {video.status !== 'completed' && <StatusBadge status={video.status} />}
        {video.is_duplicate && scrubbed === undefined && (
          <span className={mark} title="A near-duplicate of a better video">
            <Copy className="size-3" aria-hidden /> duplicate
          </span>
        )}
        {isMoment && <span className={cn(mark, 'text-amber')}>{momentRange(best)}</span>}
        {scrubbed !== undefined && <span className={mark}>{formatTime(scrubbed, 1)}</span>}
      </div>
      <span className={cn(mark, 'absolute right-1 bottom-1')}>{formatTime(video.duration)}</span>
      {scrubbed !== undefined && (
        <span className="absolute inset-x-0 bottom-0 h-0.5 bg-black/60">
          <span
            className="block h-full bg-amber"
            style={{ width: `${Math.min(100, share * 100)}%` }}
          />
        </span>
      )}
    </div>
  )
}
