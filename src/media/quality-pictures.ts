import sharp from 'sharp'

/** Over a sample of keyframes. Null without one that shows something. */
export interface PictureQuality {
  /**
   * Median variance of the Laplacian (4 neighbours) of the grey picture at `SIDE` pixels on its longest
   * side, in squared grey levels (0–255): 10 and less is blurred, some hundreds are sharp. Of Pech-Pacheco
   * et al., "Diatom autofocusing in brightfield microscopy", 2000. Detail and noise raise it as focus does.
   */
  sharpness: number | null
  /** Mean share of pixels, 0–1, that are black (grey ≤ 2) or white (≥ 253), black bars left out. */
  clippedShare: number | null
  /**
   * Share of the picture, 0–1, in cells of 8 × 8, whose edges stay where they are while the rest changes:
   * written text, a logo, a frame. The mean gradient of a pixel is nearly as long as its gradients are on
   * average (after Dekel et al., "On the Effectiveness of Visible Watermarks", CVPR 2017). Null when it
   * cannot be told: fewer than five pictures, or a camera so still that the scene's own edges stay.
   */
  overlayShare: number | null
  /**
   * How much the pictures look like a computer's screen, 0–1 (from 0.5 a screen): half of the picture
   * in very few greys, and many edges along rows and columns. A heuristic of this project.
   */
  screenRecording: number | null
}

/** Longest side in pixels of a picture that is looked at; smaller ones are enlarged. */
const SIDE = 426

/** Pictures looked at, evenly spread: more change the medians little and cost time. */
const SAMPLE = 24

/** A picture whose grey deviates less than this shows nothing. */
const MIN_DEVIATION = 3

const CLIPPED = { dark: 2, bright: 253 }

/** Rows and columns at the edges that are no lighter than this are black bars. */
const BAR_GREY = 16

/** From this gradient a pixel is on an edge. Grey levels a pixel. */
const EDGE = 24

interface Grey {
  data: Uint8Array
  width: number
  height: number
}

/**
 * @param files JPEGs of one video in order of time, all of one size
 */
export async function pictureQuality(
  files: readonly string[],
  options: { signal?: AbortSignal } = {},
): Promise<PictureQuality> {
  const sharpness: number[] = []
  const clipped: number[] = []
  const screens: number[] = []
  const overlay = new OverlayMeter()
  for (const file of spread(files, SAMPLE)) {
    options.signal?.throwIfAborted()
    const grey = await greyOf(file)
    const inside = insideOf(grey)
    const measured = measure(grey, inside)
    if (!measured) continue
    sharpness.push(measured.sharpness)
    clipped.push(measured.clippedShare)
    screens.push(measured.screen)
    overlay.add(grey, inside)
  }
  return {
    sharpness: median(sharpness),
    clippedShare: clipped.length > 0 ? clipped.reduce((a, b) => a + b, 0) / clipped.length : null,
    overlayShare: overlay.share(),
    screenRecording: median(screens),
  }
}

/** `count` of some values, evenly spread, or all of them. */
function spread<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values]
  return Array.from(
    { length: count },
    (_, i) => values[Math.floor(((i + 0.5) * values.length) / count)],
  ).filter((value) => value !== undefined)
}

async function greyOf(file: string): Promise<Grey> {
  const { data, info } = await sharp(file, { failOn: 'none' })
    .resize(SIDE, SIDE, { fit: 'inside', kernel: 'linear' })
    .greyscale()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

interface Measured {
  sharpness: number
  clippedShare: number
  screen: number
}

/** Null for a picture that shows nothing. Every second row is looked at: the others tell the same. */
function measure({ data, width }: Grey, inside: Rectangle): Measured | null {
  let n = 0
  let sum = 0
  let squares = 0
  let laplacian = 0
  let laplacianSquares = 0
  let edges = 0
  let straight = 0
  const histogram = new Uint32Array(256)
  for (let y = inside.top + 1; y < inside.bottom - 1; y += 2) {
    for (let x = inside.left + 1; x < inside.right - 1; x++) {
      const at = y * width + x
      const grey = data[at] ?? 0
      const left = data[at - 1] ?? 0
      const right = data[at + 1] ?? 0
      const above = data[at - width] ?? 0
      const below = data[at + width] ?? 0
      const second = left + right + above + below - 4 * grey
      n += 1
      sum += grey
      squares += grey * grey
      laplacian += second
      laplacianSquares += second * second
      histogram[grey] = (histogram[grey] ?? 0) + 1
      const across = Math.abs(right - left)
      const down = Math.abs(below - above)
      if (across + down < 2 * EDGE) continue
      edges += 1
      if (across >= 6 * down || down >= 6 * across) straight += 1
    }
  }
  if (n === 0 || squares / n - (sum / n) ** 2 < MIN_DEVIATION ** 2) return null
  const clipped = histogram.reduce(
    (total, count, grey) =>
      grey <= CLIPPED.dark || grey >= CLIPPED.bright ? total + count : total,
    0,
  )
  return {
    sharpness: laplacianSquares / n - (laplacian / n) ** 2,
    clippedShare: clipped / n,
    screen: screenScore({
      fewGreys: shareOfFewGreys(histogram, n),
      edges: edges / n,
      straight: edges > 0 ? straight / edges : 0,
    }),
  }
}

/** Shares at which each sign is as strong as on a screen; set on screenshots of this project's own pages. */
const SCREEN = { fewGreys: 0.6, edges: 0.06, straight: 0.4 }

function screenScore(signs: { fewGreys: number; edges: number; straight: number }): number {
  return (
    Math.min(1, signs.fewGreys / SCREEN.fewGreys) *
    Math.min(1, signs.edges / SCREEN.edges) *
    Math.min(1, signs.straight / SCREEN.straight)
  )
}

/** Share of pixels that have one of the four most frequent greys. */
function shareOfFewGreys(histogram: Uint32Array, pixels: number): number {
  const most = histogram.toSorted((a, b) => b - a).slice(0, 4)
  return most.reduce((sum, count) => sum + count, 0) / pixels
}

interface Rectangle {
  left: number
  top: number
  right: number
  bottom: number
}

/** The picture inside its black bars. */
function insideOf({ data, width, height }: Grey): Rectangle {
  const rowIsDark = (y: number) => {
    for (let x = 0; x < width; x += 4) if ((data[y * width + x] ?? 0) > BAR_GREY) return false
    return true
  }
  const columnIsDark = (x: number) => {
    for (let y = 0; y < height; y += 4) if ((data[y * width + x] ?? 0) > BAR_GREY) return false
    return true
  }
  const inside = { left: 0, top: 0, right: width, bottom: height }
  while (inside.top < inside.bottom && rowIsDark(inside.top)) inside.top += 1
  while (inside.bottom > inside.top && rowIsDark(inside.bottom - 1)) inside.bottom -= 1
  while (inside.left < inside.right && columnIsDark(inside.left)) inside.left += 1
  while (inside.right > inside.left && columnIsDark(inside.right - 1)) inside.right -= 1
  return inside
}

function median(values: number[]): number | null {
  const ordered = values.toSorted((a, b) => a - b)
  return ordered[Math.floor((ordered.length - 1) / 2)] ?? null
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
class OverlayMeter {
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
