import { expect } from 'vitest'
import { counted, type FuzzResult } from './fuzz.ts'

/** Faults that a spoilt file may come to, each with a sentence that a user understands. */
const UNDERSTOOD = new Set([
  'decoded',
  'decoded with warnings',
  'not-a-video',
  'format-not-accepted',
  'damaged',
  'empty-file',
  'no-streams',
  'codec-not-accepted',
  'too-many-pixels',
  'undecodable',
  'too-many-keyframes',
])

/** Ten times what the longest clip's keyframes and sound take whole. */
const MOST_BYTES = 100 * 1024 ** 2
/** Beside ourselves: one ffmpeg at the largest picture that is accepted. */
const MOST_MIB = 1_500

/** Every file ended in an answer that a user understands, within bounds of memory and disk. */
export function expectAllUnderstood({ outcomes, peakMiB }: FuzzResult): void {
  process.stdout.write(`${JSON.stringify({ ...counted(outcomes), peakMiB })}\n`)
  expect(outcomes.filter(({ code }) => !UNDERSTOOD.has(code))).toEqual([])
  for (const outcome of outcomes) {
    expect(outcome.bytesWritten, JSON.stringify(outcome)).toBeLessThan(MOST_BYTES)
    // Sentences, not a decoder's own words.
    if (!outcome.code.startsWith('decoded')) {
      expect(outcome.message, JSON.stringify(outcome)).toMatch(/^[A-Z].{20,}[.)]$/s)
      expect(outcome.message).not.toMatch(/0x[0-9a-f]{6,}|\bat .*\.ts:/)
    }
  }
  // A fuzzer whose files all decode, or all fail, tries nothing.
  const whole = outcomes.filter(({ code }) => code.startsWith('decoded')).length
  expect(whole).toBeGreaterThan(outcomes.length / 20)
  expect(whole).toBeLessThan(outcomes.length)
  const { before, everything } = peakMiB
  if (before !== null && everything !== null) expect(everything - before).toBeLessThan(MOST_MIB)
}
