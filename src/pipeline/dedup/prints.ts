/** Side of a print in pixels: small enough for a kilobyte a frame, large enough to see a hand move. */
export const PRINT_SIDE = 32
/** Bytes of one print. */
export const PRINT_BYTES = PRINT_SIDE * PRINT_SIDE

/** Side of the grid on which two pictures are compared. */
export const GRID_SIDE = 16
export const GRID_CELLS = GRID_SIDE * GRID_SIDE

/** Points of a print that one cell of the grid is averaged over, each way. */
const POINTS = 2

/**
 * A picture whose grey levels (0–255) deviate less than this from their mean is blank: black, a
 * fade, a wall. It matches every other blank one and proves nothing.
 */
export const BLANK_DEVIATION = 6

/** How the second video's picture was made of the first one's. */
export interface Look {
  /** Left and right are swapped. */
  isMirrored: boolean
  /**
   * Share of width and height of the first one's picture that the second one shows, cut around
   * the middle; above 1, the first one shows 1 / zoom of the second one's.
   */
  zoom: number
}

/** True for a picture in which there is nothing to see. */
export function isBlank(print: Uint8Array): boolean {
  let sum = 0
  let squares = 0
  for (const value of print) {
    sum += value
    squares += value * value
  }
  const mean = sum / print.length
  return squares / print.length - mean * mean < BLANK_DEVIATION * BLANK_DEVIATION
}

/**
 * A print on the comparison grid: the middle `share` of it, turned when `isMirrored`, brightness
 * and contrast taken out: [256] float32 of mean 0 and deviation 1.
 */
export function gridOf(print: Uint8Array, share: number, isMirrored: boolean): Float32Array {
  const grid = new Float32Array(GRID_CELLS)
  const { from, weight } = samplesOf(share)
  const steps = GRID_SIDE * POINTS
  for (let row = 0; row < steps; row++) {
    const y = from[row]! * PRINT_SIDE
    const down = weight[row]!
    const target = Math.floor(row / POINTS) * GRID_SIDE
    for (let column = 0; column < steps; column++) {
      const x = from[column]!
      const right = weight[column]!
      const at = y + x
      const top = print[at]! * (1 - right) + print[at + 1]! * right
      const bottom = print[at + PRINT_SIDE]! * (1 - right) + print[at + PRINT_SIDE + 1]! * right
      const cell = Math.floor(column / POINTS)
      grid[target + (isMirrored ? GRID_SIDE - 1 - cell : cell)]! += top * (1 - down) + bottom * down
    }
  }
  let sum = 0
  for (const value of grid) sum += value
  const mean = sum / GRID_CELLS
  let squares = 0
  for (const value of grid) squares += (value - mean) ** 2
  const deviation = Math.sqrt(squares / GRID_CELLS) || 1
  for (let cell = 0; cell < GRID_CELLS; cell++) grid[cell] = (grid[cell]! - mean) / deviation
  return grid
}

/** Where the points lie between the print's pixels, for both directions; kept per share. */
const samples = new Map<number, { from: Int32Array; weight: Float32Array }>()

function samplesOf(share: number) {
  const known = samples.get(share)
  if (known) return known
  const steps = GRID_SIDE * POINTS
  const from = new Int32Array(steps)
  const weight = new Float32Array(steps)
  for (let step = 0; step < steps; step++) {
    const place = (0.5 + ((step + 0.5) / steps - 0.5) * share) * PRINT_SIDE - 0.5
    const base = Math.max(0, Math.min(PRINT_SIDE - 2, Math.floor(place)))
    from[step] = base
    weight[step] = Math.max(0, Math.min(1, place - base))
  }
  const made = { from, weight }
  samples.set(share, made)
  return made
}
