import sharp from 'sharp'
import { EDGE, type Grey, median, OverlayMeter, type Rectangle } from './quality-overlay.ts'

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
