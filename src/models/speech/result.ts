/** Why a stretch that sounded like speech carries no text in the result. */
export type DropReason = 'no-speech' | 'low-probability' | 'repetition' | 'outside-speech'

/** One sentence or phrase. Times are seconds on the recording's own timeline. */
export interface SpeechSegment {
  startTime: number
  /** Never before `startTime`; segments of a result are in order and do not overlap. */
  endTime: number
  /** Trimmed, never empty. */
  text: string
  /** Mean natural log-probability of the segment's tokens: 0 is certain, clean speech -0.04 … -0.4. */
  avgLogProb: number
  /** Probability (0–1) that the window of up to 30 s this came from holds no speech. */
  noSpeechProb: number
  /** Language of the window, as Whisper writes it: `en`, `de`, `haw`, … */
  language: string
  /** Its words, in order; null when they were not asked for or the model gives no times of tokens. */
  words: SpokenWord[] | null
}

export interface SpokenWord {
  /** With the space before it, where the language writes one. */
  text: string
  /** Seconds on the recording's own timeline. */
  startTime: number
  /** Never before `startTime`. */
  endTime: number
  /** Mean probability of its tokens, 0–1. */
  probability: number
}

/** A stretch whose text was thrown away; seconds on the recording's own timeline. */
export interface DroppedSpeech {
  startTime: number
  endTime: number
  reason: DropReason
}

/** What was said in a recording. Nothing said: `text` is `''`, `segments` is `[]`. */
export interface SpeechResult {
  text: string
  /** Language of most of the spoken time, or null when nothing was said. */
  language: string | null
  /** Mean probability (0–1) of that language over its windows, by time; null with `language`. */
  languageProbability: number | null
  segments: SpeechSegment[]
  /** Seconds in which the voice detector heard speech, whether or not text came of it. */
  speechSeconds: number
  /** Length of the recording in seconds. */
  durationSeconds: number
  dropped: DroppedSpeech[]
}
