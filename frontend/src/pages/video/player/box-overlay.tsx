import { memo, useLayoutEffect, useState } from 'react'
import type { Detection } from '../../../api/video.ts'
import { cn } from '../../../lib/cn.ts'
import { colorOf } from '../../../lib/colors.ts'
import { formatShare, humanLabel } from '../../../lib/format.ts'
import { useLabels } from '../state/labels-context.tsx'
import { letterbox, type Rect } from './letterbox.ts'

/** The boxes that are drawn: of shown labels, sure enough; larger ones first, so that small ones lie on top. */
export function visibleBoxes(
  boxes: readonly Detection[],
  hidden: ReadonlySet<string>,
  minConfidence: number,
): Detection[] {
  return boxes
    .filter((box) => !hidden.has(box.label) && box.confidence >= minConfidence)
    .sort((a, b) => b.bbox_w * b.bbox_h - a.bbox_w * a.bbox_h)
}

/** Boxes over the picture, which lies letterboxed in `stage`. */
export function BoxOverlay({
  stage,
  picture,
  boxes,
}: {
  stage: HTMLElement | null
  picture: { width: number; height: number }
  boxes: readonly Detection[]
}) {
  const { hidden, minConfidence, highlight, setHighlight, pinned, pin } = useLabels()
  const rect = usePictureRect(stage, picture)
  if (!rect) return null
  return (
    <div className="pointer-events-none absolute" style={rect}>
      {visibleBoxes(boxes, hidden, minConfidence).map((box) => (
        <Box
          key={[box.keyframe_id, box.label, box.bbox_x, box.bbox_y, box.bbox_w].join(' ')}
          box={box}
          state={highlight === null ? 'plain' : highlight === box.label ? 'lit' : 'dimmed'}
          isPinned={pinned === box.label}
          onHighlight={setHighlight}
          onPin={pin}
        />
      ))}
    </div>
  )
}

/** `Person #2 87%`: boxes of the video with one number are one object. */
export function boxText(box: Pick<Detection, 'label' | 'track_id' | 'confidence'>): string {
  const number = box.track_id === null ? '' : ` #${box.track_id}`
  return `${humanLabel(box.label)}${number} ${formatShare(box.confidence)}`
}

const percent = (share: number) => `${share * 100}%`

/** A label above its box has no room when that begins nearer to the picture's top than this share. */
const ROOM_ABOVE = 0.05

const Box = memo(function Box({
  box,
  state,
  isPinned,
  onHighlight,
  onPin,
}: {
  box: Detection
  state: 'plain' | 'lit' | 'dimmed'
  isPinned: boolean
  onHighlight: (label: string | null) => void
  onPin: (label: string | null) => void
}) {
  const color = colorOf(box.label)
  const text = boxText(box)
  const isAtRight = box.bbox_x > 0.8
  return (
    <button
      type="button"
      data-label={box.label}
      aria-label={`${text}: mark everywhere`}
      aria-pressed={isPinned}
      className="pointer-events-auto absolute cursor-pointer focus-visible:outline-offset-2"
      style={{
        left: percent(box.bbox_x),
        top: percent(box.bbox_y),
        width: percent(box.bbox_w),
        height: percent(box.bbox_h),
        boxShadow: `inset 0 0 0 ${state === 'lit' ? 3 : 2}px ${color}`,
        background: state === 'lit' ? `${color}30` : 'transparent',
        opacity: state === 'dimmed' ? 0.3 : 1,
      }}
      onPointerEnter={() => onHighlight(box.label)}
      onPointerLeave={() => onHighlight(null)}
      onFocus={() => onHighlight(box.label)}
      onBlur={() => onHighlight(null)}
      onClick={() => onPin(isPinned ? null : box.label)}
    >
      <span
        aria-hidden
        className={cn(
          'absolute px-1 text-[11px] leading-4 font-semibold whitespace-nowrap text-[#101112]',
          box.bbox_y > ROOM_ABOVE ? 'bottom-full' : 'top-0',
          isAtRight ? 'right-0' : 'left-0',
        )}
        style={{ background: color }}
      >
        {text}
      </span>
    </button>
  )
})

function usePictureRect(
  stage: HTMLElement | null,
  { width, height }: { width: number; height: number },
): Rect | null {
  const [rect, setRect] = useState<Rect | null>(null)
  useLayoutEffect(() => {
    if (!stage) return
    const measure = () =>
      setRect(
        letterbox({ width: stage.clientWidth, height: stage.clientHeight }, { width, height }),
      )
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(stage)
    return () => observer.disconnect()
  }, [stage, width, height])
  return rect
}
