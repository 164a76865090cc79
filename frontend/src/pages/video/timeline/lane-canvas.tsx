import { type RefObject, useEffect, useRef } from 'react'
import { drawLanes, type Scene } from './draw.ts'

/** The lanes as a picture; what it shows is said in words by the gutter and the slider. */
export function LaneCanvas({ scene }: { scene: Scene }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => paint(canvas, scene), [scene])
  return (
    <canvas
      ref={canvas}
      aria-hidden
      className="pointer-events-none block"
      style={{ width: scene.width, height: scene.height }}
    />
  )
}

/** Paints at the next frame, so that several changes within one cost one painting. */
function paint(ref: RefObject<HTMLCanvasElement | null>, scene: Scene): () => void {
  const handle = requestAnimationFrame(() => {
    const canvas = ref.current
    const context = canvas?.getContext('2d')
    if (!canvas || !context) return
    const scale = window.devicePixelRatio || 1
    const width = Math.round(scene.width * scale)
    const height = Math.round(scene.height * scale)
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    context.setTransform(scale, 0, 0, scale, 0, 0)
    drawLanes(context, scene)
  })
  return () => cancelAnimationFrame(handle)
}
