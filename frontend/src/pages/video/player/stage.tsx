import { AudioLines, FileVideo, LoaderCircle } from 'lucide-react'
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { Detection, Keyframe, SmallVideo } from '../../../api/video.ts'
import { cn } from '../../../lib/cn.ts'
import { useConnection } from '../../../lib/live-events.tsx'
import { useLabels } from '../state/labels-context.tsx'
import { usePlayer, usePlayState } from '../state/player-context.tsx'
import { isAtWork } from '../state/progress.ts'
import { BoxOverlay } from './box-overlay.tsx'
import { FaultNote } from './fault-note.tsx'

const NO_BOXES: Detection[] = []

/** The picture: the video, or the keyframe that stands for the moment, with the boxes over it. */
export function Stage({
  video,
  keyframe,
  boxes,
  className,
}: {
  video: SmallVideo
  keyframe: Keyframe | null
  boxes: ReadonlyMap<string, Detection[]>
  className?: string
}) {
  const player = usePlayer()
  const fault = usePlayState((state) => state.fault)
  const waiting = usePlayState((state) => state.waiting)
  const shown = usePlayState((state) => state.shown)
  const { boxesShown } = useLabels()
  const [stage, setStage] = useState<HTMLDivElement | null>(null)
  const connection = useConnection()
  const hasPicture = video.width !== null && video.height !== null

  // By the element and not once: the page may be open before the file is here.
  const follow = useCallback(
    (element: HTMLVideoElement | null) => (element ? player.attach(element) : undefined),
    [player],
  )
  // The file did not come because the server was away: it is asked for again once, when it is back.
  useEffect(() => {
    if (connection === 'live' && player.state.fault?.kind === 'network') player.reload()
  }, [connection, player])

  const picture = useMemo(
    () => ({ width: video.width ?? 0, height: video.height ?? 0 }),
    [video.width, video.height],
  )
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the play button does the same by keyboard
    // biome-ignore lint/a11y/useKeyWithClickEvents: the play button does the same by keyboard
    <div
      ref={setStage}
      className={cn('relative overflow-hidden bg-black', className)}
      onClick={(event) => {
        if (!(event.target as Element).closest('a, button')) player.toggle()
      }}
    >
      {video.media_url && (
        <video
          ref={follow}
          src={video.media_url}
          {...(video.thumbnail_url ? { poster: video.thumbnail_url } : {})}
          preload="metadata"
          playsInline
          tabIndex={-1}
          aria-label={video.title}
          className="absolute inset-0 size-full object-contain"
          onLoadedMetadata={(event) => {
            if (hasPicture && event.currentTarget.videoWidth === 0) player.reportNoPicture()
          }}
        />
      )}
      {fault && keyframe && (
        <img
          src={keyframe.url}
          alt="The keyframe that stands for this moment"
          className="absolute inset-0 size-full bg-black object-contain"
        />
      )}
      {!hasPicture && <NoPicture video={video} />}
      {boxesShown && hasPicture && (shown || fault) && (
        <BoxOverlay
          stage={stage}
          picture={picture}
          boxes={(keyframe && boxes.get(keyframe.id)) ?? NO_BOXES}
        />
      )}
      {waiting && !fault && (
        <LoaderCircle
          role="status"
          aria-label="Loading the video"
          className="pointer-events-none absolute top-3 right-3 size-6 animate-spin text-amber"
        />
      )}
      {fault && (
        <FaultNote
          fault={fault}
          mediaUrl={video.media_url}
          hasKeyframes={video.keyframe_count > 0}
        />
      )}
    </div>
  )
}

/** Why the stage is empty. */
function NoPicture({ video }: { video: SmallVideo }) {
  const Icon = video.has_audio ? AudioLines : FileVideo
  return (
    <p className="absolute inset-0 grid place-content-center justify-items-center gap-2 bg-ground px-4 text-center text-sm text-dim">
      <Icon aria-hidden className="size-10 text-faint" />
      {!video.media_url
        ? isAtWork(video.status)
          ? 'The file is not here yet.'
          : 'There is no file.'
        : video.has_audio
          ? 'Sound only: this file has no picture.'
          : 'No picture of this file is known.'}
    </p>
  )
}
