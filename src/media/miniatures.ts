/**
 * A small grey copy of each decoded frame, from which shots, black and frozen stretches and motion
 * are told. It comes out of the same decode as the keyframes and costs about 3 % of decoding 720p.
 */

/** Size in which ffmpeg sends a frame. */
const SENT = { width: 64, height: 36 }

/** Size in which frames are compared: four sent pixels make one, which calms aliasing and noise. */
export const MINIATURE = { width: 32, height: 18 }

/** Bytes of one frame as it is sent. */
export const SENT_BYTES = SENT.width * SENT.height

const PIXELS = MINIATURE.width * MINIATURE.height

/** One frame: `MINIATURE` pixels row by row, grey 0–255, and what is said of it everywhere. */
export interface Miniature {
  /** Presentation time in whole microseconds. */
  microseconds: number
  pixels: Float32Array
  /** Mean grey of the picture inside its black bars, 0–255. */
  mean: number
  /** Standard deviation of the grey inside the black bars, 0–127.5. */
  deviation: number
  /** The picture inside its black bars; the whole frame when all of it is black. */
  inside: Inside
}

/** A rectangle of pixels: `left` and `top` are in it, `right` and `bottom` are not. */
interface Inside {
  left: number
  top: number
  right: number
  bottom: number
}

/** Rows and columns at the edges whose pixels are all at most this are black bars. Grey, 0–255. */
const BAR_GREY = 12

/** A frame whose grey deviates less than this shows nothing: black, white or fog. 0–127.5. */
const UNIFORM_DEVIATION = 2

/**
 * ffmpeg's filter for one frame. `fast_bilinear` reads four source pixels for each of ours, so it
 * costs next to nothing: 0.06 ms a 720p frame, where `area` takes 0.4 ms (ffmpeg 5.1, one thread).
 */
export function miniatureFilter(): string {
  return `scale=${SENT.width}:${SENT.height}:flags=fast_bilinear,setsar=1,format=gray`
}

/**
 * Puts together the frames that come as bytes with the times that come as lines of the log. Both come in
 * blocks, in any order.
 */
export class MiniatureStream {
  readonly #onFrame: (frame: Miniature) => void
  /** Times of frames whose bytes have not come yet, from `#nextTime` on. */
  #times: number[] = []
  #nextTime = 0
  /** Bytes of frames whose time has not come yet, and of the one that is coming. */
  readonly #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(onFrame: (frame: Miniature) => void) {
    this.#onFrame = onFrame
  }

  /**
   * @param times in microseconds, of the next frames; NaN for one that has no time: it is left out
   * @param bytes of the next frames, in their order, ending anywhere
   */
  read(times: readonly number[], bytes: Uint8Array): void {
    for (const time of times) this.#times.push(time)
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    while (this.#nextTime < this.#times.length && this.#bytes >= SENT_BYTES) {
      const microseconds = this.#times[this.#nextTime++] ?? Number.NaN
      const sent = this.#take()
      if (!Number.isNaN(microseconds)) this.#onFrame(miniatureOf(sent, microseconds))
    }
    this.#times = this.#times.slice(this.#nextTime)
    this.#nextTime = 0
  }

  /** The next frame's bytes. */
  #take(): Uint8Array {
    this.#bytes -= SENT_BYTES
    const [first] = this.#chunks
    if (first && first.length >= SENT_BYTES) {
      this.#chunks[0] = first.subarray(SENT_BYTES)
      if (this.#chunks[0].length === 0) this.#chunks.shift()
      return first.subarray(0, SENT_BYTES)
    }
    const frame = new Uint8Array(SENT_BYTES)
    for (let at = 0; at < SENT_BYTES; ) {
      const chunk = this.#chunks[0]!
      const part = chunk.subarray(0, SENT_BYTES - at)
      frame.set(part, at)
      at += part.length
      if (part.length === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(part.length)
    }
    return frame
  }
}

/** @param sent `SENT_BYTES` bytes, grey, row by row */
export function miniatureOf(sent: Uint8Array, microseconds: number): Miniature {
  const pixels = newPixels()
  for (let y = 0, to = 0; y < MINIATURE.height; y++) {
    for (let x = 0; x < MINIATURE.width; x++, to++) {
      const from = 2 * y * SENT.width + 2 * x
      const below = from + SENT.width
      pixels[to] =
        ((sent[from] ?? 0) + (sent[from + 1] ?? 0) + (sent[below] ?? 0) + (sent[below + 1] ?? 0)) /
        4
    }
  }
  const inside = insideOf(pixels)
  let n = 0
  let sum = 0
  let squares = 0
  for (let y = inside.top; y < inside.bottom; y++) {
    for (let x = inside.left; x < inside.right; x++) {
      const grey = pixels[y * MINIATURE.width + x] ?? 0
      n += 1
      sum += grey
      squares += grey * grey
    }
  }
  const mean = sum / n
  const deviation = Math.sqrt(Math.max(0, squares / n - mean ** 2))
  return { microseconds, pixels, mean, deviation, inside }
}

/** Memory for the pixels of several frames at once: a block for each would keep the collector busy. */
let block = new Float32Array(0)

function newPixels(): Float32Array {
  if (block.length < PIXELS) block = new Float32Array(64 * PIXELS)
  const pixels = block.subarray(0, PIXELS)
  block = block.subarray(PIXELS)
  return pixels
}

function insideOf(pixels: Float32Array): Inside {
  const { width, height } = MINIATURE
  let left = width
  let top = height
  let right = 0
  let bottom = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((pixels[y * width + x] ?? 0) <= BAR_GREY) continue
      left = Math.min(left, x)
      right = Math.max(right, x + 1)
      top = Math.min(top, y)
      bottom = y + 1
    }
  }
  return bottom > 0
    ? { left, top, right, bottom }
    : { left: 0, top: 0, right: width, bottom: height }
}

/** Whether a frame is all of one grey. */
export function isUniform(frame: Miniature): boolean {
  return frame.deviation < UNIFORM_DEVIATION
}

/** Mean absolute difference of two frames, 0–255. */
export function difference(a: Miniature, b: Miniature): number {
  let sum = 0
  for (let i = 0; i < PIXELS; i++) sum += Math.abs((a.pixels[i] ?? 0) - (b.pixels[i] ?? 0))
  return sum / PIXELS
}

/** Largest absolute difference of any pixel of two frames, 0–255. */
export function largestDifference(a: Miniature, b: Miniature): number {
  let largest = 0
  for (let i = 0; i < PIXELS; i++) {
    largest = Math.max(largest, Math.abs((a.pixels[i] ?? 0) - (b.pixels[i] ?? 0)))
  }
  return largest
}

/** How far a camera may have moved between two frames, in pixels of a miniature. */
const REACH = { x: 4, y: 3 }

/** Keeps the correlation of nearly uniform frames from following their noise: two grey levels, squared. */
const NOISE_VARIANCE = 4

/** Uniform frames that differ by this much in grey have nothing in common. 0–255. */
const OTHER_GREY = 32

/**
 * How much two frames show the same: the correlation of their greys, 1 for the same picture at any
 * brightness or contrast, about 0 for unrelated ones, never below -1. With `moved`, the best over
 * shifts of an eighth of the picture each way, so a pan or a shake stays similar to itself.
 */
export function similarity(a: Miniature, b: Miniature, moved = false): number {
  if (isUniform(a) && isUniform(b)) return 1 - Math.min(1, Math.abs(a.mean - b.mean) / OTHER_GREY)
  // Black bars are in both whatever is shown between them.
  const inside = {
    left: Math.min(a.inside.left, b.inside.left),
    top: Math.min(a.inside.top, b.inside.top),
    right: Math.max(a.inside.right, b.inside.right),
    bottom: Math.max(a.inside.bottom, b.inside.bottom),
  }
  let best = correlation(a.pixels, b.pixels, inside, 0, 0)
  if (!moved) return best
  for (let dy = -REACH.y; dy <= REACH.y; dy++) {
    for (let dx = -REACH.x; dx <= REACH.x; dx++) {
      best = Math.max(best, correlation(a.pixels, b.pixels, inside, dx, dy))
    }
  }
  return best
}

function correlation(
  a: Float32Array,
  b: Float32Array,
  { left, top, right, bottom }: Inside,
  dx: number,
  dy: number,
): number {
  const { width } = MINIATURE
  let n = 0
  let sumA = 0
  let sumB = 0
  let squaresA = 0
  let squaresB = 0
  let products = 0
  for (let y = Math.max(top, top + dy); y < Math.min(bottom, bottom + dy); y++) {
    for (let x = Math.max(left, left + dx); x < Math.min(right, right + dx); x++) {
      const u = a[y * width + x] ?? 0
      const v = b[(y - dy) * width + x - dx] ?? 0
      n += 1
      sumA += u
      sumB += v
      squaresA += u * u
      squaresB += v * v
      products += u * v
    }
  }
  if (n === 0) return -1
  const varianceA = squaresA / n - (sumA / n) ** 2
  const varianceB = squaresB / n - (sumB / n) ** 2
  const covariance = products / n - (sumA / n) * (sumB / n)
  return (
    (covariance + NOISE_VARIANCE) /
    Math.sqrt((varianceA + NOISE_VARIANCE) * (varianceB + NOISE_VARIANCE))
  )
}
