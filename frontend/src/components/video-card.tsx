import {
  Captions,
  Check,
  Copy,
  EllipsisVertical,
  ExternalLink,
  Image,
  ScanSearch,
  Tags,
  Type,
} from 'lucide-react'
import { type CSSProperties, type KeyboardEvent, type MouseEvent, memo } from 'react'
import { Link } from 'react-router'
import type { CardVideo, Moment } from '../api/search.ts'
import { cn } from '../lib/cn.ts'
import { formatTime, humanLabel } from '../lib/format.ts'
import { paths } from '../lib/paths.ts'
import { keyframeIdOf } from './scrub.ts'
import { StatusBadge } from './ui/badge.tsx'
import { Menu, MenuContent, MenuItem, MenuTrigger } from './ui/menu.tsx'
import { useToast } from './ui/toast.tsx'
import { useScrub } from './use-scrub.ts'
import { VideoPicture } from './video-picture.tsx'

/** What a card asks its grid to do. One object for all cards, so that none is drawn for nothing. */
export interface CardActions {
  /** `range`: everything from the last one chosen to this one. */
  choose: (video: CardVideo, range: boolean) => void
  /** Videos like this one, or like one picture of it. */
  findSimilar: (video: CardVideo, keyframeId: string | null) => void
  tag: (video: CardVideo) => void
  focused: (index: number) => void
}

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
        <CardMenu {...props} at={at} to={to(at)} keyframeId={shownKeyframe} tabIndex={tabIndex} />
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

/** A button in a corner of the picture, there while the card is looked at. */
const corner =
  'absolute top-1 grid size-7 place-items-center rounded-md bg-black/70 text-ink opacity-0 hover:text-amber group-focus-within/card:opacity-100 group-hover/card:opacity-100 data-[state=open]:opacity-100'

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
          <span className={mark} title="A near-duplicate of an earlier video">
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

const REASONS: Record<Moment['reason'], { icon: typeof Image; text: string }> = {
  picture: { icon: Image, text: 'looks like it' },
  speech: { icon: Captions, text: 'said' },
  title: { icon: Type, text: 'words in the title' },
  tags: { icon: Tags, text: 'words in the tags' },
  description: { icon: Type, text: 'words in the description' },
}

/** The moments, each a link to its time with why it was found. The first one is the best. */
function Moments({
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
function SpeechOrTags({ video }: { video: CardVideo }) {
  const spoken = video.moments.find(({ reason, text }) => reason === 'speech' && text)
  if (!spoken) return <TagLine tags={video.tags} />
  return (
    <p className="h-[18px] truncate text-xs text-dim italic" title={spoken.text}>
      “{spoken.text?.trim()}”
    </p>
  )
}

/** One line; what does not fit is counted. Tags are short, so characters tell well enough. */
function TagLine({ tags }: { tags: string[] }) {
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

function CardMenu({
  video,
  chosen,
  actions,
  at,
  to,
  keyframeId,
  tabIndex,
}: VideoCardProps & {
  at: number | undefined
  to: string
  keyframeId: string | null
  tabIndex: number
}) {
  const toast = useToast()
  const copyLink = async () => {
    await navigator.clipboard?.writeText(new URL(to, window.location.href).href)
    toast('The link is copied.')
  }
  return (
    <Menu>
      <MenuTrigger
        aria-label={`More for ${video.title}`}
        tabIndex={tabIndex}
        className={cn(corner, 'right-1 [@media(hover:none)]:opacity-100')}
      >
        <EllipsisVertical className="size-4" aria-hidden />
      </MenuTrigger>
      <MenuContent>
        <MenuItem asChild>
          <Link to={to}>
            <ExternalLink aria-hidden /> Open{at === undefined ? '' : ` at ${formatTime(at)}`}
          </Link>
        </MenuItem>
        {video.status === 'completed' && (
          <MenuItem onSelect={() => actions.findSimilar(video, null)}>
            <ScanSearch aria-hidden /> More like this video
          </MenuItem>
        )}
        {keyframeId && (
          <MenuItem onSelect={() => actions.findSimilar(video, keyframeId)}>
            <Image aria-hidden /> More like this picture
          </MenuItem>
        )}
        <MenuItem onSelect={() => actions.choose(video, false)}>
          <Check aria-hidden /> {chosen ? 'Do not choose' : 'Choose'}
        </MenuItem>
        <MenuItem onSelect={() => actions.tag(video)}>
          <Tags aria-hidden /> Add a tag
        </MenuItem>
        <MenuItem onSelect={() => void copyLink()}>
          <Copy aria-hidden /> Copy link
        </MenuItem>
      </MenuContent>
    </Menu>
  )
}

/** `0:12–0:18`; a moment within one second is one time. */
function momentRange({ start_time, end_time }: Moment): string {
  const [start, end] = [formatTime(start_time), formatTime(end_time)]
  return start === end ? start : `${start}–${end}`
}
