import { Check, Copy, EllipsisVertical, ExternalLink, Image, ScanSearch, Tags } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'react-router'
import type { CardVideo } from '../api/search.ts'
import { cn } from '../lib/cn.ts'
import { formatTime } from '../lib/format.ts'
import { Menu, MenuContent, MenuItem, MenuTrigger } from './ui/menu.tsx'
import { useToast } from './ui/toast.tsx'

/** What a card asks its grid to do. One object for all cards, so that none is drawn for nothing. */
export interface CardActions {
  /** `range`: everything from the last one chosen to this one. */
  choose: (video: CardVideo, range: boolean) => void
  /** Videos like this one, or like one picture of it. */
  findSimilar: (video: CardVideo, keyframeId: string | null) => void
  tag: (video: CardVideo) => void
  focused: (index: number) => void
}

/** A button in a corner of the picture, there while the card is looked at. */
export const corner =
  'absolute top-1 grid size-7 place-items-center rounded-md bg-black/70 text-ink opacity-0 hover:text-amber group-focus-within/card:opacity-100 group-hover/card:opacity-100 data-[state=open]:opacity-100'

const menuCorner = cn(corner, 'right-1 [@media(hover:none)]:opacity-100')

interface MenuProps {
  video: CardVideo
  chosen: boolean
  actions: CardActions
  /** Seconds that it opens at; undefined for the start. */
  at: number | undefined
  to: string
  keyframeId: string | null
  tabIndex: number
}

/** A plain button until it is pressed: a menu for every card would be half of what a card costs. */
export function CardMenu(props: MenuProps) {
  const [wanted, setWanted] = useState(false)
  // The menu gives the focus back to its trigger when it closes, so it stays once it was opened.
  if (wanted) return <OpenMenu {...props} />
  return (
    <button
      type="button"
      aria-label={`More for ${props.video.title}`}
      aria-haspopup="menu"
      aria-expanded={false}
      tabIndex={props.tabIndex}
      onClick={() => setWanted(true)}
      className={menuCorner}
    >
      <EllipsisVertical className="size-4" aria-hidden />
    </button>
  )
}

function OpenMenu({ video, chosen, actions, at, to, keyframeId, tabIndex }: MenuProps) {
  const toast = useToast()
  const copyLink = async () => {
    await navigator.clipboard?.writeText(new URL(to, window.location.href).href)
    toast('The link is copied.')
  }
  return (
    <Menu defaultOpen modal={false}>
      <MenuTrigger
        aria-label={`More for ${video.title}`}
        tabIndex={tabIndex}
        className={menuCorner}
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
