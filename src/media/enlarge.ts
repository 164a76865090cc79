import type { Pixels } from './decoded-images.ts'

/**
 * Bilinear enlargement with pixels counted from their middles, as OpenCV and Pillow do it. libvips
 * moves an enlarged picture by half a pixel (measured with sharp 0.35.5, kernels linear, cubic and
 * lanczos3; libvips issue 705), and the boxes found on it with it.
 *
 * @param width at least that of `pixels`; so is `height`
 */
export function enlarge(pixels: Pixels, width: number, height: number): Pixels {
  if (pixels.width === width && pixels.height === height) return pixels
  const columns = neighbours(pixels.width, width)
  const rows = neighbours(pixels.height, height)
  const data = new Uint8Array(width * height * 3)
  let to = 0
  for (const row of rows) {
    const upper = row.before * pixels.width
    const lower = row.after * pixels.width
    for (const column of columns) {
      for (let channel = 0; channel < 3; channel++) {
        const at = (start: number, offset: number) =>
          pixels.data[(start + offset) * 3 + channel] ?? 0
        const above = mixed(at(upper, column.before), at(upper, column.after), column.part)
        const below = mixed(at(lower, column.before), at(lower, column.after), column.part)
        data[to++] = Math.round(mixed(above, below, row.part))
      }
    }
  }
  return { data, width, height }
}

/** For each new position the two old ones beside it, and how much of the second it takes. */
function neighbours(from: number, to: number) {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.max(0, Math.min(from - 1, ((index + 0.5) * from) / to - 0.5))
    const before = Math.floor(position)
    return { before, after: Math.min(from - 1, before + 1), part: position - before }
  })
}

function mixed(first: number, second: number, part: number): number {
  return first + (second - first) * part
}
