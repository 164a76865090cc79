import type { Letterbox } from '../../media/images.ts'
import type { Detection } from './detector.ts'
import type { DetectorFamily } from './family.ts'

/** Grey levels of each colour channel that share a pixel's weight. */
const LEVELS = 4
/** A box is looked at in two halves, upper and lower: shirt and trousers. */
const HALVES = 2
/** Points of one half in each direction: 256 are read, whatever the size of a box. */
const POINTS = 16
/** Left out at either side: there a box shows what is behind the object. */
const MARGIN = 0.15

const BINS = LEVELS ** 3

/** Bytes of an appearance. */
export const APPEARANCE_BYTES = HALVES * BINS

/**
 * The colours of a box, read from the tensor that the detector ran on: for each half a histogram over
 * 4 x 4 x 4 colours, each pixel shared among its neighbours, so that a little more light does not
 * change it at once. Each half sums to about 255.
 *
 * @param tensor float32 [3, height, width] as `layout` made it
 */
export function appearanceOf(
  detection: Pick<Detection, 'x' | 'y' | 'w' | 'h'>,
  tensor: Float32Array,
  frame: { width: number; height: number; box: Letterbox },
  layout: Pick<DetectorFamily['layout'], 'channels' | 'scale'>,
): Uint8Array {
  const { width, height, box } = frame
  const plane = width * height
  const toLevel = (LEVELS - 1) / (255 * layout.scale)
  const [red, green, blue] = layout.channels === 'bgr' ? [2, 1, 0] : [0, 1, 2]
  const bytes = new Uint8Array(APPEARANCE_BYTES)
  for (let half = 0; half < HALVES; half++) {
    const sums = new Float64Array(BINS)
    for (let row = 0; row < POINTS; row++) {
      const share = (half + (row + 0.5) / POINTS) / HALVES
      const y = pixel(box.top + (detection.y + detection.h * share) * box.height, height)
      for (let column = 0; column < POINTS; column++) {
        const across = MARGIN + ((column + 0.5) / POINTS) * (1 - 2 * MARGIN)
        const x = pixel(box.left + (detection.x + detection.w * across) * box.width, width)
        const at = y * width + x
        addPixel(
          sums,
          (tensor[red * plane + at] ?? 0) * toLevel,
          (tensor[green * plane + at] ?? 0) * toLevel,
          (tensor[blue * plane + at] ?? 0) * toLevel,
        )
      }
    }
    for (let bin = 0; bin < BINS; bin++) {
      bytes[half * BINS + bin] = Math.round(((sums[bin] ?? 0) * 255) / (POINTS * POINTS))
    }
  }
  return bytes
}

/** How much two appearances have in common, 0–1: the mean intersection of their histograms. */
export function sameColours(a: Uint8Array, b: Uint8Array): number {
  let shared = 0
  let total = 0
  for (let bin = 0; bin < APPEARANCE_BYTES; bin++) {
    const [left, right] = [a[bin] ?? 0, b[bin] ?? 0]
    shared += Math.min(left, right)
    total += Math.max(left, right)
  }
  // Both sum to the same but for rounding: then this is 2 * shared / (sum + sum).
  return total > 0 ? (2 * shared) / (shared + total) : 1
}

/** Trilinear: each of the eight nearest colours gets its part of the pixel. */
function addPixel(sums: Float64Array, red: number, green: number, blue: number): void {
  const [r, g, b] = [low(red), low(green), low(blue)]
  const [partR, partG, partB] = [red - r, green - g, blue - b]
  for (let corner = 0; corner < 8; corner++) {
    const [upR, upG, upB] = [corner & 1, (corner >> 1) & 1, corner >> 2]
    const weight = (upR ? partR : 1 - partR) * (upG ? partG : 1 - partG) * (upB ? partB : 1 - partB)
    const bin = ((r + upR) * LEVELS + g + upG) * LEVELS + b + upB
    sums[bin] = (sums[bin] ?? 0) + weight
  }
}

/** The level below, so that the one above is still in range. */
function low(level: number): number {
  return Math.max(0, Math.min(LEVELS - 2, Math.floor(level)))
}

function pixel(position: number, length: number): number {
  return Math.max(0, Math.min(length - 1, Math.floor(position)))
}
