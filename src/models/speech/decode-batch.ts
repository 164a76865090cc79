import type { Tensor } from 'onnxruntime-node'
import { type DecodedWindow, decodeWindows } from './decode-windows.ts'
import type { DecoderWorkspace, SpeechDecoder } from './decoder.ts'
import { type SpeechEncoder, stack } from './encoder.ts'
import { decodeAtTemperatures } from './fallback.ts'
import { mayImprove } from './judge-window.ts'
import type { Vocabulary } from './vocabulary.ts'
import type { VoiceDetector } from './voice-detector.ts'
import { SAMPLE_RATE, type WavFile } from './wav.ts'
import { readWindow, type SpeechWindow, windowLength } from './windows.ts'

/** The loaded parts of a speech model. */
export interface SpeechParts {
  detector: VoiceDetector
  encoder: SpeechEncoder
  decoder: SpeechDecoder
  vocabulary: Vocabulary
  /** Most tokens a window may yield. */
  maxTokens: number
}

/**
 * A language less probable than this is tried against the runner-up, and the likelier text wins: on
 * a short English clip that begins as Danish (0.38 to 0.24) the means are -0.80 and -0.45.
 */
const SURE_LANGUAGE = 0.5

/** Samples of a frame of attention: 0.02 s. */
const FRAME_SAMPLES = 0.02 * SAMPLE_RATE

/**
 * What the model makes of a batch of windows. A window that cannot be put together in another way
 * (`lastAttempt`, or a single piece) and whose text is not to be believed gets Whisper's temperature
 * fallback.
 */
export async function decodeBatch(
  parts: SpeechParts,
  workspace: DecoderWorkspace,
  wav: WavFile,
  batch: readonly SpeechWindow[],
  options: { lastAttempt: boolean; words: boolean; signal?: AbortSignal | undefined },
): Promise<DecodedWindow[]> {
  const { signal } = options
  const { vocabulary, maxTokens } = parts
  const encoded: Tensor[] = []
  for (const window of batch) {
    signal?.throwIfAborted()
    encoded.push(await parts.encoder.encode(await readWindow(wav, window)))
  }
  const framesOf = (windows: readonly SpeechWindow[]) =>
    options.words && workspace.alignmentHeads > 0
      ? windows.map((window) => Math.max(1, Math.ceil(windowLength(window) / FRAME_SAMPLES)))
      : undefined
  const common = { maxTokens, signal, soundFrames: framesOf(batch) }
  const decoded = await decodeWindows(workspace, vocabulary, stack(encoded), common)
  await tryRunnersUp()
  for (const [i, window] of batch.entries()) {
    const final = options.lastAttempt || window.pieces.length === 1
    if (!final || !mayImprove(decoded[i]!, vocabulary.decode(decoded[i]!.tokens))) continue
    const seed = window.pieces[0]?.startSample ?? 0
    const { language } = decoded[i]!
    const drawn = { language, maxTokens, seed, signal, soundFrames: framesOf([window])?.[0] }
    const better = await decodeAtTemperatures(workspace, vocabulary, encoded[i]!, drawn)
    if (better) decoded[i] = better
  }
  return decoded

  async function tryRunnersUp() {
    const doubtful = decoded.flatMap((window, i) => {
      const { runnerUp, languageProbability } = window
      return runnerUp && languageProbability < SURE_LANGUAGE ? [{ i, language: runnerUp }] : []
    })
    if (doubtful.length === 0) return
    const others = await decodeWindows(
      workspace,
      vocabulary,
      stack(doubtful.map(({ i }) => encoded[i]!)),
      {
        maxTokens,
        languages: doubtful.map(({ language }) => language),
        soundFrames: framesOf(doubtful.map(({ i }) => batch[i]!)),
        signal,
      },
    )
    others.forEach((other, k) => {
      const { i } = doubtful[k]!
      if (other.avgLogProb > decoded[i]!.avgLogProb) decoded[i] = other
    })
  }
}
