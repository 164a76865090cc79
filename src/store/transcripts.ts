import type { Db, Trx } from '../config/database.ts'
import { INSERT_ROWS } from './keyframes.ts'
import type { StoredWord } from './schema.ts'

/** What is said in a video. Without speech `fullText` is empty and there are no segments. */
export interface Transcript {
  fullText: string
  /** ISO 639-1 code of what is spoken most; null without speech. */
  language: string | null
  modelName: string
  source: TranscriptSource
  /** By start; seconds on the video's timeline. */
  segments: TranscriptSegment[]
}

/** `whisper`: written down by the speech model; `captions`: as they came with the video. */
export type TranscriptSource = 'whisper' | 'captions'

export interface TranscriptSegment {
  startTime: number
  endTime: number
  text: string
  /** Mean log-probability of the tokens, natural logarithm; null when the model gives none. */
  avgLogProb: number | null
  /** Probability that the window holds no speech, 0–1; null when the model gives none. */
  noSpeechProb: number | null
  /** Of the window the segment came from; null when not known. */
  language: string | null
  /** Its words with their times, in order; null when they were not asked for. */
  words: SpokenWord[] | null
}

export interface SpokenWord {
  /** With the space before it, where the language writes one. */
  text: string
  startTime: number
  endTime: number
  /** 0–1. */
  probability: number
}

/** Replaces a video's transcript; null removes it. */
export async function replaceTranscript(
  trx: Trx,
  videoId: string,
  transcript: Transcript | null,
): Promise<void> {
  await trx.deleteFrom('transcripts').where('video_id', '=', videoId).execute()
  if (!transcript) return
  const { id } = await trx
    .insertInto('transcripts')
    .values({
      video_id: videoId,
      full_text: transcript.fullText,
      language: transcript.language,
      model_name: transcript.modelName,
      source: transcript.source,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  for (let start = 0; start < transcript.segments.length; start += INSERT_ROWS) {
    await trx
      .insertInto('transcript_segments')
      .values(
        transcript.segments.slice(start, start + INSERT_ROWS).map((segment) => ({
          transcript_id: id,
          start_time: segment.startTime,
          end_time: segment.endTime,
          text: segment.text,
          avg_logprob: segment.avgLogProb,
          no_speech_prob: segment.noSpeechProb,
          language: segment.language,
          words: segment.words ? JSON.stringify(segment.words.map(wordRow)) : null,
        })),
      )
      .execute()
  }
}

/** A video's transcript; null when none was made. */
export async function transcriptOf(db: Db | Trx, videoId: string): Promise<Transcript | null> {
  const transcript = await db
    .selectFrom('transcripts')
    .selectAll()
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  if (!transcript) return null
  const segments = await db
    .selectFrom('transcript_segments')
    .selectAll()
    .where('transcript_id', '=', transcript.id)
    .orderBy('start_time')
    .orderBy('id')
    .execute()
  return {
    fullText: transcript.full_text,
    language: transcript.language,
    modelName: transcript.model_name,
    source: transcript.source,
    segments: segments.map((row) => ({
      startTime: row.start_time,
      endTime: row.end_time,
      text: row.text,
      avgLogProb: row.avg_logprob,
      noSpeechProb: row.no_speech_prob,
      language: row.language,
      words: row.words?.map(toWord) ?? null,
    })),
  }
}

/** A word as it is stored. */
function wordRow(word: SpokenWord): StoredWord {
  return {
    text: word.text,
    start_time: word.startTime,
    end_time: word.endTime,
    probability: word.probability,
  }
}

/** A stored word again. */
export function toWord(row: StoredWord): SpokenWord {
  return {
    text: row.text,
    startTime: row.start_time,
    endTime: row.end_time,
    probability: row.probability,
  }
}
