/** Rows are what is summed over: a [rows, columns] matrix on the right of a product, row by row. */
export interface Matrix {
  values: Float32Array
  rows: number
  columns: number
}

/** Values that share a scale in `inBlocks`; the runtime's 8-bit product sums so many at a time. */
export const BLOCK = 32

/**
 * Each column by its own scale: `value = scale * level`, levels -127 to 127.
 *
 * @returns levels int8 [rows, columns], scales float32 [columns]; a column of zeros has scale 1
 */
export function byColumn({ values, rows, columns }: Matrix): {
  levels: Int8Array
  scales: Float32Array
} {
  const scales = new Float32Array(columns)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      const size = Math.abs(values[at]!)
      if (size > scales[column]!) scales[column] = size
    }
  }
  for (let column = 0; column < columns; column++) scales[column] = scales[column]! / 127 || 1
  const levels = new Int8Array(rows * columns)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      levels[at] = Math.round(values[at]! / scales[column]!)
    }
  }
  return { levels, scales }
}

/**
 * Each 32 rows of a column by a scale of their own: `value = scale * (level - 128)`.
 *
 * @returns levels uint8 [columns, blocks, 32], padded with 128; scales float32 [columns * blocks]
 */
export function inBlocks({ values, rows, columns }: Matrix): {
  levels: Uint8Array
  scales: Float32Array
} {
  const blocks = Math.ceil(rows / BLOCK)
  const scales = new Float32Array(columns * blocks)
  const levels = new Uint8Array(columns * blocks * BLOCK).fill(128)
  for (let block = 0; block < blocks; block++) {
    const first = block * BLOCK
    const last = Math.min(rows, first + BLOCK)
    for (let column = 0; column < columns; column++) {
      let largest = 0
      for (let row = first; row < last; row++) {
        largest = Math.max(largest, Math.abs(values[row * columns + column]!))
      }
      const scale = largest / 127 || 1
      const at = column * blocks + block
      scales[at] = scale
      for (let row = first; row < last; row++) {
        levels[at * BLOCK + row - first] = 128 + Math.round(values[row * columns + column]! / scale)
      }
    }
  }
  return { levels, scales }
}

/** Rows and columns exchanged. */
export function transposed({ values, rows, columns }: Matrix): Matrix {
  const turned = new Float32Array(values.length)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = values[at++]!
  }
  return { values: turned, rows: columns, columns: rows }
}
