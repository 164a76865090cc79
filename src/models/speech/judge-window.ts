import type { DecodedWindow } from './decode-windows.ts'
import { isRepetitive } from './repetition.ts'
import type { DropReason } from './result.ts'

/**
 * Above this, nobody speaks. OpenAI's own rule asks for a low log-probability besides, which keeps
 * " you" on digital silence (measured: -0.52); alone it separates speech (≤ 0.14) from silence,
 * noise and hum (≥ 0.74) on every sample tried.
 */
const MAX_NO_SPEECH_PROB = 0.6

/** Below this mean natural log-probability text is guesswork: openai/whisper `transcribe.py`. */
const MIN_AVG_LOG_PROB = -1

/** Why the text of a window is not to be believed, or null when it is. */
export function faultOf(decoded: DecodedWindow, text: string): DropReason | null {
  if (decoded.noSpeechProb > MAX_NO_SPEECH_PROB) return 'no-speech'
  if (decoded.avgLogProb < MIN_AVG_LOG_PROB) return 'low-probability'
  return isRepetitive(text) ? 'repetition' : null
}

/**
 * Whether other tokens may make a better text of a window: it is repetitive or improbable though
 * somebody speaks (openai/whisper `whisper/transcribe.py`, decode_with_fallback).
 */
export function mayImprove(decoded: DecodedWindow, text: string): boolean {
  const fault = faultOf(decoded, text)
  return fault !== null && fault !== 'no-speech'
}

/** Whether the words of one phrase are too unsure to keep. */
export function isGuesswork(logProbs: readonly number[]): boolean {
  return meanOf(logProbs) < MIN_AVG_LOG_PROB
}

/** Whether a text has at least one letter or digit of any script. */
export function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text)
}

/** Mean of a list that is not empty. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
