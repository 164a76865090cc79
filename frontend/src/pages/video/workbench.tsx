import { type RefObject, useEffect, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Keyframe, SmallVideo } from '../../api/video.ts'
import { useToast } from '../../components/ui/toast.tsx'
import { paths } from '../../lib/paths.ts'
import { Header } from './header/header.tsx'
import { StatusStrip } from './header/status-strip.tsx'
import { TagBar } from './header/tag-bar.tsx'
import { Panels } from './panels/panels.tsx'
import { Controls } from './player/controls.tsx'
import { HelpDialog } from './player/help-dialog.tsx'
import { Stage } from './player/stage.tsx'
import { useCommands } from './player/use-commands.ts'
import { useKeys } from './player/use-keys.ts'
import { LabelsProvider } from './state/labels-context.tsx'
import { Player } from './state/player.ts'
import { PlayerProvider } from './state/player-context.tsx'
import { useBoxesAround, useKeyframesAround, useStandingKeyframe } from './state/use-frames.ts'
import { timeOfUrl, useUrlTime } from './state/use-url-time.ts'
import { Timeline, type TimelineHandle } from './timeline/timeline.tsx'

/** Player, timeline and panels around one playhead. */
export function Workbench({ video }: { video: SmallVideo }) {
  const [params] = useSearchParams()
  const [player] = useState(() => new Player(video.duration ?? 0, timeOfUrl(params) ?? 0))
  useEffect(() => player.setDuration(video.duration ?? 0), [player, video.duration])
  return (
    <PlayerProvider player={player}>
      <LabelsProvider>
        <Bench video={video} player={player} />
      </LabelsProvider>
    </PlayerProvider>
  )
}

function Bench({ video, player }: { video: SmallVideo; player: Player }) {
  const [params, setParams] = useSearchParams()
  const toast = useToast()
  const [isHelpOpen, setHelpOpen] = useState(false)
  const frame = useRef<HTMLDivElement>(null)
  const timeline = useRef<TimelineHandle>(null)
  const tagInput = useRef<HTMLInputElement>(null)
  const keyframes = useRef<Keyframe[]>([])
  const commands = useCommands({ keyframes, fps: video.fps, frame, timeline })
  const q = params.get('q') ?? ''
  useUrlTime()

  const setParam = (name: string, value: string) =>
    setParams(
      (before) => {
        const after = new URLSearchParams(before)
        if (value) after.set(name, value)
        else after.delete(name)
        return after
      },
      { replace: true, preventScrollReset: true },
    )
  const copyLink = async () => {
    const path = paths.video(video.id, { at: player.state.time, ...(q ? { q } : {}) })
    const copied = await navigator.clipboard?.writeText(`${window.location.origin}${path}`).then(
      () => true,
      () => false,
    )
    if (copied) toast('The link to this moment is copied.')
    else toast('The browser does not let this page copy; the address bar has the link.', 'bad')
  }
  useKeys({
    commands,
    timeline,
    onHelp: () => setHelpOpen(true),
    onCopyLink: () => void copyLink(),
    onTag: () => tagInput.current?.focus(),
  })

  return (
    <div data-workbench className="mx-auto max-w-[110rem] space-y-2 p-2 sm:p-3">
      <Header
        video={video}
        keyframes={keyframes}
        onCopyLink={() => void copyLink()}
        onHelp={() => setHelpOpen(true)}
      />
      <StatusStrip video={video} />
      <div className="grid gap-2 lg:grid-cols-[minmax(0,1fr)_27rem]">
        <div
          ref={frame}
          className="flex min-w-0 flex-col overflow-hidden rounded-lg border border-line bg-black"
        >
          <Picture
            video={video}
            keyframes={keyframes}
            className="aspect-video max-h-[55dvh] w-full grow lg:aspect-auto lg:h-[clamp(15rem,calc(100dvh-30rem),46rem)] lg:max-h-none in-[:fullscreen]:h-auto in-[:fullscreen]:max-h-none"
          />
          <Controls commands={commands} hasAudio={video.has_audio !== false} />
        </div>
        <div className="order-last min-w-0 lg:relative lg:order-none">
          <Panels video={video} tab={params.get('tab')} onTab={(tab) => setParam('tab', tab)} />
        </div>
        <div className="min-w-0 space-y-2 lg:col-span-2">
          <TagBar video={video} inputRef={tagInput} />
          <Timeline
            id={video.id}
            q={q}
            onSearch={(text) => setParam('q', text)}
            handle={timeline}
          />
        </div>
      </div>
      <HelpDialog open={isHelpOpen} onOpenChange={setHelpOpen} />
    </div>
  )
}

/**
 * The stage with what stands at the playhead. It is the one part that renders with each keyframe;
 * others who need the keyframes read them from the reference when they are asked to do something.
 */
function Picture({
  video,
  keyframes,
  className,
}: {
  video: SmallVideo
  keyframes: RefObject<Keyframe[]>
  className: string
}) {
  const around = useKeyframesAround(video.id)
  const boxes = useBoxesAround(video.id, video.detection_count > 0)
  const keyframe = useStandingKeyframe(around)
  useEffect(() => {
    keyframes.current = around
  }, [keyframes, around])
  return <Stage video={video} keyframe={keyframe} boxes={boxes} className={className} />
}
