/** Width of the median filter over time: openai/whisper `whisper/timing.py` (medfilt_width). */
const FILTER_WIDTH = 7

/**
 * Where in time each token of a text begins, from the decoder's attention to the sound: normalised
 * over the tokens, smoothed over time, averaged over the heads that follow the sound, and put in
 * order by dynamic time warping. openai/whisper `whisper/timing.py`, find_alignment.
 *
 * @param attention  for each token the weights [heads][frames] (flat, after the softmax) of the step
 *   that chose it; at least one token
 * @param frames     frames of 0.02 s that hold sound, at most the width of a row
 * @returns for each token its first frame; never decreasing
 */
export function alignTokens(
  attention: readonly Float32Array[],
  heads: number,
  frames: number,
): number[] {
  const tokens = attention.length
  const width = attention[0]!.length / heads
  const matrix = new Float32Array(tokens * frames)
  const row = new Float32Array(frames)
  for (let head = 0; head < heads; head++) {
    const { mean, deviation } = overTokens(attention, head * width, frames)
    for (let token = 0; token < tokens; token++) {
      const weights = attention[token]!
      for (let t = 0; t < frames; t++) {
        row[t] = (weights[head * width + t]! - mean[t]!) / (deviation[t]! || 1)
      }
      const smooth = medianFilter(row, FILTER_WIDTH)
      for (let t = 0; t < frames; t++) matrix[token * frames + t]! -= smooth[t]! / heads
    }
  }
  const starts: number[] = []
  for (const [token, frame] of warp(matrix, tokens, frames)) starts[token] ??= frame
  return starts
}

function overTokens(attention: readonly Float32Array[], offset: number, frames: number) {
  const mean = new Float64Array(frames)
  const deviation = new Float64Array(frames)
  for (const weights of attention) {
    for (let t = 0; t < frames; t++) mean[t]! += weights[offset + t]! / attention.length
  }
  for (const weights of attention) {
    for (let t = 0; t < frames; t++) {
      deviation[t]! += (weights[offset + t]! - mean[t]!) ** 2 / attention.length
    }
  }
  for (let t = 0; t < frames; t++) deviation[t] = Math.sqrt(deviation[t]!)
  return { mean, deviation }
}

/** Median of each value and its neighbours; the edges are mirrored. `width` is odd. */
export function medianFilter(values: Float32Array, width: number): Float32Array {
  const half = Math.floor(width / 2)
  const last = values.length - 1
  if (values.length <= half) return values.slice()
  const near = new Float32Array(width)
  return values.map((_, i) => {
    for (let k = 0; k < width; k++) {
      const at = Math.abs(i + k - half)
      near[k] = values[at > last ? 2 * last - at : at]!
    }
    return near.sort()[half]!
  })
}

/**
 * The cheapest way through a matrix [rows × columns] from the first cell to the last, by steps down,
 * right or both; as [row, column]. Ties go right, as in openai/whisper `whisper/timing.py` (dtw_cpu).
 */
export function warp(matrix: Float32Array, rows: number, columns: number): [number, number][] {
  const stride = columns + 1
  const cost = new Float32Array((rows + 1) * stride).fill(Number.POSITIVE_INFINITY)
  /** 0: from above left, 1: from above, 2: from the left. */
  const from = new Uint8Array(cost.length)
  cost[0] = 0
  for (let i = 1; i <= rows; i++) {
    for (let j = 1; j <= columns; j++) {
      const at = i * stride + j
      const [both, down, right] = [cost[at - stride - 1]!, cost[at - stride]!, cost[at - 1]!]
      const step = both < down && both < right ? 0 : down < both && down < right ? 1 : 2
      from[at] = step
      cost[at] =
        matrix[(i - 1) * columns + j - 1]! + (step === 0 ? both : step === 1 ? down : right)
    }
  }
  const path: [number, number][] = []
  for (let i = rows, j = columns; i > 0 || j > 0; ) {
    path.push([i - 1, j - 1])
    // At an edge only one way leads back.
    const step = i === 0 ? 2 : j === 0 ? 1 : from[i * stride + j]!
    if (step !== 2) i--
    if (step !== 1) j--
  }
  return path.reverse().filter(([row, column]) => row >= 0 && column >= 0)
}
