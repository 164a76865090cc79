import type { DroppedSpeech, SpeechResult, SpeechSegment } from './result.ts'
import type { SpeechRange } from './speech-ranges.ts'
import { SAMPLE_RATE } from './wav.ts'
import type { WindowText } from './window-text.ts'
import { pieceLength } from './windows.ts'

/** Collects the text of windows, in whatever order they come, into one result. */
export class Transcript {
  readonly #durationSeconds: number
  readonly #segments: SpeechSegment[] = []
  readonly #dropped: DroppedSpeech[] = []
  /** Seconds with text in each language, and the same weighted by the language's probability. */
  readonly #languages = new Map<string, { seconds: number; weighted: number }>()
  #speechSamples = 0

  constructor(durationSeconds: number) {
    this.#durationSeconds = durationSeconds
  }

  /** Counts a range in which speech was heard. */
  addSpeech(range: SpeechRange) {
    this.#speechSamples += pieceLength(range)
  }

  /** Takes what a window yielded. */
  add({ segments, dropped, language, languageProbability }: WindowText) {
    this.#segments.push(...segments)
    for (const { startSample, endSample, reason } of dropped) {
      this.#dropped.push({
        startTime: startSample / SAMPLE_RATE,
        endTime: endSample / SAMPLE_RATE,
        reason,
      })
    }
    const seconds = segments.reduce((sum, { startTime, endTime }) => sum + endTime - startTime, 0)
    const entry = this.#languages.get(language) ?? { seconds: 0, weighted: 0 }
    entry.seconds += seconds
    entry.weighted += seconds * languageProbability
    this.#languages.set(language, entry)
  }

  /** Everything so far, ordered by time. */
  result(): SpeechResult {
    const byTime = (a: { startTime: number }, b: { startTime: number }) => a.startTime - b.startTime
    const segments = this.#segments.sort(byTime)
    const [top] = [...this.#languages].sort(([, a], [, b]) => b.seconds - a.seconds)
    const spoken = segments.length > 0 && top
    return {
      // The raw texts carry their own spaces: none are added to languages that write none.
      text: segments
        .map((segment) => segment.text)
        .join('')
        .replaceAll(/\s+/g, ' ')
        .trim(),
      language: spoken ? top[0] : null,
      languageProbability: spoken ? top[1].weighted / top[1].seconds : null,
      segments: segments.map((segment) => ({ ...segment, text: segment.text.trim() })),
      speechSeconds: this.#speechSamples / SAMPLE_RATE,
      durationSeconds: this.#durationSeconds,
      dropped: this.#dropped.sort(byTime),
    }
  }
}
