import { useMutation, useQueryClient } from '@tanstack/react-query'
import {
  ChevronLeft,
  ChevronRight,
  EllipsisVertical,
  Keyboard,
  Link2,
  RotateCw,
  ScanSearch,
  Trash2,
} from 'lucide-react'
import { type RefObject, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { type Keyframe, reprocess, type SmallVideo } from '../../../api/video.ts'
import { Badge, StatusBadge } from '../../../components/ui/badge.tsx'
import { Button } from '../../../components/ui/button.tsx'
import { Menu, MenuContent, MenuItem, MenuTrigger } from '../../../components/ui/menu.tsx'
import { useToast } from '../../../components/ui/toast.tsx'
import { formatTime, humanLabel } from '../../../lib/format.ts'
import { paths } from '../../../lib/paths.ts'
import { lastAt } from '../state/chunks.ts'
import { usePlayer } from '../state/player-context.tsx'
import { isAtWork } from '../state/progress.ts'
import { ForgetDialog } from './forget-dialog.tsx'
import { ReprocessDialog } from './reprocess-dialog.tsx'
import { resultsAround } from './results-around.ts'

/** The title, what the video is in one line, and what can be done with it. */
export function Header({
  video,
  keyframes,
  onCopyLink,
  onHelp,
}: {
  video: SmallVideo
  keyframes: RefObject<Keyframe[]>
  onCopyLink: () => void
  onHelp: () => void
}) {
  const client = useQueryClient()
  const toast = useToast()
  const [params] = useSearchParams()
  const player = usePlayer()
  const [isAsking, setAsking] = useState(false)
  const [isForgetting, setForgetting] = useState(false)
  const [keyframe, setKeyframe] = useState<Keyframe | null>(null)
  const again = useMutation({
    mutationFn: () => reprocess(video.id),
    onSuccess: () => {
      setAsking(false)
      return client.invalidateQueries({ queryKey: ['video', video.id] })
    },
    onError: (error) => toast(error.message, 'bad'),
  })
  const { before, after } = resultsAround(client, video.id)
  const q = params.get('q')
  const facts = [
    formatTime(video.duration),
    ...(video.width && video.height ? [`${video.width}×${video.height}`] : []),
    video.platform,
  ]
  return (
    <header className="flex items-start gap-2">
      <div className="min-w-0 flex-1">
        <h1 className="truncate text-base font-semibold sm:text-lg" title={video.title}>
          {video.title}
        </h1>
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-dim">
          <span className="tabular-nums">{facts.join(' · ')}</span>
          <Badge>{humanLabel(video.category)}</Badge>
          {video.status !== 'completed' && <StatusBadge status={video.status} />}
          {video.is_duplicate && <Badge tone="amber">near-duplicate of a better one</Badge>}
        </div>
      </div>
      {(before || after) && (
        <nav aria-label="Search results" className="flex">
          {[
            { to: before, label: 'Result before', Icon: ChevronLeft },
            { to: after, label: 'Next result', Icon: ChevronRight },
          ].map(({ to, label, Icon }) =>
            to ? (
              <Button key={label} size="icon-sm" variant="ghost" asChild>
                <Link
                  aria-label={label}
                  title={label}
                  to={paths.video(to.id, {
                    ...(to.at === null ? {} : { at: to.at }),
                    ...(q ? { q } : {}),
                  })}
                >
                  <Icon />
                </Link>
              </Button>
            ) : (
              <Button key={label} size="icon-sm" variant="ghost" aria-label={label} disabled>
                <Icon />
              </Button>
            ),
          )}
        </nav>
      )}
      <Button
        size="icon-sm"
        variant="ghost"
        aria-label="Copy the link to this moment (c)"
        title="Copy the link to this moment (c)"
        onClick={onCopyLink}
      >
        <Link2 />
      </Button>
      <Button
        size="icon-sm"
        variant="ghost"
        aria-label="Keys (?)"
        title="Keys (?)"
        onClick={onHelp}
        className="max-sm:hidden"
      >
        <Keyboard />
      </Button>
      <Menu
        onOpenChange={() => {
          const { time } = player.state
          const at = lastAt(keyframes.current, time, (each) => each.timestamp)
          setKeyframe(keyframes.current[at] ?? null)
        }}
      >
        <MenuTrigger asChild>
          <Button size="sm" aria-label="Actions">
            <EllipsisVertical /> <span className="max-sm:hidden">Actions</span>
          </Button>
        </MenuTrigger>
        <MenuContent>
          <MenuItem asChild>
            <Link to={paths.search({ similar_to: `video:${video.id}` })}>
              <ScanSearch /> Find similar videos
            </Link>
          </MenuItem>
          {keyframe && (
            <MenuItem asChild>
              <Link to={paths.search({ similar_to: `keyframe:${keyframe.id}` })}>
                <ScanSearch /> Find pictures like this one
              </Link>
            </MenuItem>
          )}
          <MenuItem disabled={isAtWork(video.status)} onSelect={() => setAsking(true)}>
            <RotateCw /> Reprocess…
          </MenuItem>
          <MenuItem onSelect={onHelp}>
            <Keyboard /> Keys
          </MenuItem>
          <MenuItem className="text-bad" onSelect={() => setForgetting(true)}>
            <Trash2 /> Forget…
          </MenuItem>
        </MenuContent>
      </Menu>
      <ReprocessDialog
        open={isAsking}
        onOpenChange={setAsking}
        onConfirm={() => again.mutate()}
        busy={again.isPending}
      />
      <ForgetDialog video={video} open={isForgetting} onOpenChange={setForgetting} />
    </header>
  )
}
