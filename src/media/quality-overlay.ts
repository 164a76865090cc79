/** From this gradient a pixel is on an edge. Grey levels a pixel. */
export const EDGE = 24

/** A grey picture, one byte a pixel, row by row. */
export interface Grey {
  data: Uint8Array
  width: number
  height: number
}

export interface Rectangle {
  left: number
  top: number
  right: number
  bottom: number
}

/** An edge is at the same place on this share of the pictures at least. */
const STAYS = 0.75

/** Length of the mean gradient over the mean length: 1 for edges that point the same way each time. */
const SAME_WAY = 0.75

/** Pictures without which chance would make edges stay. */
const MIN_PICTURES = 5

/**
 * Pictures half of the video apart that correlate more than this are of one still scene: 0.76 and more
 * on eight clips of a fixed camera, 0.47 and less on five that move or change.
 */
const STILL_SCENE = 0.65
const BLOCK = 16

const CELL = 8
/** Edge pixels that stay in a cell which is overlaid. */
const CELL_EDGES = 6

/** Sums the gradients of pictures of one size, pixel by pixel. */
export class OverlayMeter {
  #sums: {
    across: Float32Array
    down: Float32Array
    length: Float32Array
    seen: Uint16Array
  } | null = null
  #width = 0
  #height = 0
  #pictures = 0
  /** Each picture in blocks, mean 0 and length 1. */
  readonly #outlines: Float32Array[] = []

  /** @param inside where in the picture there are no black bars: their borders stay, too */
  add({ data, width, height }: Grey, inside: Rectangle): void {
    if (!this.#sums) {
      const size = width * height
      this.#sums = {
        across: new Float32Array(size),
        down: new Float32Array(size),
        length: new Float32Array(size),
        seen: new Uint16Array(size),
      }
      this.#width = width
      this.#height = height
    }
    if (width !== this.#width || height !== this.#height) return
    this.#pictures += 1
    this.#outlines.push(outlineOf(data, width, height))
    const { across, down, length, seen } = this.#sums
    for (let y = inside.top + 2; y < inside.bottom - 2; y++) {
      for (let x = inside.left + 2; x < inside.right - 2; x++) {
        const at = y * width + x
        const dx = (data[at + 1] ?? 0) - (data[at - 1] ?? 0)
        const dy = (data[at + width] ?? 0) - (data[at - width] ?? 0)
        const long = Math.sqrt(dx * dx + dy * dy)
        if (long < EDGE) continue
        across[at] = (across[at] ?? 0) + dx
        down[at] = (down[at] ?? 0) + dy
        length[at] = (length[at] ?? 0) + long
        seen[at] = (seen[at] ?? 0) + 1
      }
    }
  }

  share(): number | null {
    if (!this.#sums || this.#pictures < MIN_PICTURES) return null
    if (this.#likeness() > STILL_SCENE) return null
    const { across, down, length, seen } = this.#sums
    const columns = Math.ceil(this.#width / CELL)
    const cells = new Uint16Array(columns * Math.ceil(this.#height / CELL))
    for (let at = 0; at < seen.length; at++) {
      const times = seen[at] ?? 0
      if (times < STAYS * this.#pictures) continue
      const mean = Math.hypot(across[at] ?? 0, down[at] ?? 0)
      if (mean < SAME_WAY * (length[at] ?? 0)) continue
      const cell =
        Math.floor(Math.floor(at / this.#width) / CELL) * columns +
        Math.floor((at % this.#width) / CELL)
      cells[cell] = (cells[cell] ?? 0) + 1
    }
    return cells.filter((count) => count >= CELL_EDGES).length / cells.length
  }

  /** Median correlation of pictures half of the video apart, -1 to 1. */
  #likeness(): number {
    const count = this.#outlines.length
    const pairs = this.#outlines.map((outline, i) => {
      const other = this.#outlines[(i + Math.floor(count / 2)) % count] ?? outline
      return outline.reduce((sum, value, k) => sum + value * (other[k] ?? 0), 0)
    })
    return median(pairs) ?? 1
  }
}

/** Mean greys of blocks of 16 × 16 pixels, shifted to a mean of 0 and scaled to a length of 1. */
function outlineOf(data: Uint8Array, width: number, height: number): Float32Array {
  const columns = Math.ceil(width / BLOCK)
  const sums = new Float32Array(columns * Math.ceil(height / BLOCK))
  for (let y = 0; y < height; y += 2) {
    const row = Math.floor(y / BLOCK) * columns
    for (let x = 0; x < width; x += 2) {
      const block = row + Math.floor(x / BLOCK)
      sums[block] = (sums[block] ?? 0) + (data[y * width + x] ?? 0)
    }
  }
  const mean = sums.reduce((a, b) => a + b, 0) / sums.length
  const length = Math.hypot(...sums.map((value) => value - mean)) || 1
  return sums.map((value) => (value - mean) / length)
}

/** The lower one of two; null of none. */
export function median(values: number[]): number | null {
  const ordered = values.toSorted((a, b) => a - b)
  return ordered[Math.floor((ordered.length - 1) / 2)] ?? null
}
