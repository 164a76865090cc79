import type { SpeechRange } from './speech-ranges.ts'
import { SAMPLE_RATE } from './wav.ts'
import { packRanges, type SpeechWindow, windowLength } from './windows.ts'

/**
 * Windows decoded together. A step of the decoder takes 4 ms for one window, 10 for four and 16 for
 * eight; each window holds 37 MB of caches (base size).
 */
export const BATCH_WINDOWS = 8

/** A little less than the window, so that the last timestamp fits. */
const CAPACITY_SAMPLES = 29.5 * SAMPLE_RATE

/** Steps in which the capacity is tried down to the mean length. */
const BALANCE_STEP_SAMPLES = 0.5 * SAMPLE_RATE

/**
 * Packs ranges into windows and those into batches. Windows are full while there is more to come;
 * the last ones share what is left evenly, because a batch takes as long as its longest text and a
 * window as long as a full one. Holds the ranges of at most two batches.
 */
export async function* planBatches(
  ranges: AsyncIterable<SpeechRange> | Iterable<SpeechRange>,
  mayJoin: (earlier: SpeechRange, later: SpeechRange) => boolean,
): AsyncGenerator<SpeechWindow[]> {
  let waiting: SpeechWindow[] = []
  for await (const window of packRanges(ranges, CAPACITY_SAMPLES, mayJoin)) {
    waiting.push(window)
    if (waiting.length === 2 * BATCH_WINDOWS) {
      yield waiting.slice(0, BATCH_WINDOWS)
      waiting = waiting.slice(BATCH_WINDOWS)
    }
  }
  waiting = await balance(waiting, mayJoin)
  const size = Math.ceil(waiting.length / Math.ceil(waiting.length / BATCH_WINDOWS))
  for (let start = 0; start < waiting.length; start += size) {
    yield waiting.slice(start, start + size)
  }
}

/** The same ranges in as many windows, the longest of them as short as that allows. */
async function balance(
  windows: SpeechWindow[],
  mayJoin: (earlier: SpeechRange, later: SpeechRange) => boolean,
): Promise<SpeechWindow[]> {
  const total = windows.reduce((sum, window) => sum + windowLength(window), 0)
  let capacity = total / windows.length
  while (capacity < CAPACITY_SAMPLES) {
    const ranges = windows.flatMap(({ pieces }) => pieces)
    const packed: SpeechWindow[] = []
    for await (const window of packRanges(ranges, capacity, mayJoin)) packed.push(window)
    if (packed.length <= windows.length) return packed
    capacity += BALANCE_STEP_SAMPLES
  }
  return windows
}
