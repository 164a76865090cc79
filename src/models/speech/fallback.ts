import type { Tensor } from 'onnxruntime-node'
import { type DecodedWindow, decodeWindows } from './decode-windows.ts'
import type { DecoderWorkspace } from './decoder.ts'
import { stack } from './encoder.ts'
import { faultOf } from './judge-window.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Tried in this order after 0, the likeliest tokens: openai/whisper `whisper/transcribe.py`. */
const TEMPERATURES = [0.2, 0.4, 0.6, 0.8, 1]

/**
 * Another text for a window whose likeliest one is repetitive or improbable: Whisper's temperature
 * fallback. All temperatures are drawn in one batch, which costs little more than one of them; the
 * lowest one with a believable text wins. Null when there is none. The draws depend on `seed` and
 * nothing else, so the same sound gives the same text.
 *
 * `encoded` is the window as f32 [1, 1500, width].
 */
export async function decodeAtTemperatures(
  workspace: DecoderWorkspace,
  vocabulary: Vocabulary,
  encoded: Tensor,
  options: {
    language: string
    maxTokens: number
    seed: number
    /** As in `DecodeOptions`, of this window. */
    soundFrames?: number | undefined
    signal?: AbortSignal | undefined
  },
): Promise<DecodedWindow | null> {
  const tries = await decodeWindows(workspace, vocabulary, stack(TEMPERATURES.map(() => encoded)), {
    maxTokens: options.maxTokens,
    languages: TEMPERATURES.map(() => options.language),
    samplings: TEMPERATURES.map((temperature, i) => ({
      temperature,
      random: createRandom(options.seed * TEMPERATURES.length + i),
    })),
    soundFrames:
      options.soundFrames === undefined ? undefined : TEMPERATURES.map(() => options.soundFrames!),
    signal: options.signal,
  })
  return tries.find((tried) => faultOf(tried, vocabulary.decode(tried.tokens)) === null) ?? null
}

/** Mulberry32: uniform in [0, 1), the same row of numbers for the same seed (T. Ettinger, 2017). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
