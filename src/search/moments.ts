import type { DocumentHit, SpeechHit } from '../store/documents.ts'
import type { KeyframeHit } from '../store/search.ts'

/** Why a moment is shown. `picture` and `speech` are places in time, the others the whole video. */
export type MomentReason = 'picture' | 'speech' | 'title' | 'tags' | 'description'

/** A stretch of a video that answers the query. Seconds on the video's own timeline. */
export interface Moment {
  startTime: number
  endTime: number
  /** 0–1: the best frame's cosine similarity, or the share of the query's words that are said. */
  score: number
  /** The frame to show; null when the video has no keyframes. */
  keyframeId: string | null
  reason: MomentReason
  /** What is said; only with reason `speech`. */
  text?: string
}

/** Moments of one video in an answer. */
export const MOMENTS_PER_VIDEO = 5

// Cosines of text and picture are small and differ by model (0.05-0.3), so a frame is judged by its
// video's own best frame: only those nearly as good are part of the answer.
const NEARLY_AS_GOOD = 0.85

/** Two hits of one shot further apart than this are two moments. Seconds. */
const GAP_SECONDS = 10

/**
 * Moments from the keyframe hits of one video: hits of one shot join into one moment, from the first
 * of them to the end of the time that the last one stands for. Best first.
 */
export function momentsOfPictures(hits: KeyframeHit[]): Moment[] {
  const best = Math.max(0, ...hits.map((hit) => hit.score))
  const good = hits
    .filter((hit) => hit.score >= best * NEARLY_AS_GOOD)
    .sort((a, b) => a.timestamp - b.timestamp)
  const moments: Moment[] = []
  let previous: KeyframeHit | undefined
  for (const hit of good) {
    const last = moments.at(-1)
    const endTime = hit.endTime ?? hit.timestamp
    if (last && previous && joins(previous, hit)) {
      last.endTime = Math.max(last.endTime, endTime)
      if (hit.score > last.score) Object.assign(last, frameOf(hit))
    } else {
      moments.push({ startTime: hit.timestamp, endTime, ...frameOf(hit), reason: 'picture' })
    }
    previous = hit
  }
  return moments.sort((a, b) => b.score - a.score || a.startTime - b.startTime)
}

/**
 * The moments of one video, at most `limit`: pictures and speech by turns, or the whole video for
 * other words.
 */
export function momentsOf(
  video: {
    duration: number | null
    hits: KeyframeHit[]
    speech: SpeechHit[]
    document: DocumentHit | undefined
    firstKeyframeId: string | null
  },
  limit = MOMENTS_PER_VIDEO,
): Moment[] {
  const pictures = momentsOfPictures(video.hits)
  const speech = video.speech.map((said) => momentOfSpeech(said, video.hits, video.firstKeyframeId))
  const moments = byTurns(speech, pictures).slice(0, limit)
  if (moments.length > 0) return moments
  const field = video.document?.matchedIn.find((name) => name !== 'transcript')
  if (!video.document || !field) return []
  const score = video.document.share
  const endTime = video.duration ?? 0
  return [{ startTime: 0, endTime, score, keyframeId: video.firstKeyframeId, reason: field }]
}

function momentOfSpeech(said: SpeechHit, hits: KeyframeHit[], fallback: string | null): Moment {
  const shown = hits.find((hit) => hit.timestamp >= said.startTime && hit.timestamp < said.endTime)
  return {
    startTime: said.startTime,
    endTime: said.endTime,
    score: said.share,
    keyframeId: shown?.keyframeId ?? fallback,
    reason: 'speech',
    text: said.text.trim(),
  }
}

function joins(before: KeyframeHit, after: KeyframeHit): boolean {
  return (
    before.shotIndex === after.shotIndex &&
    after.timestamp - (before.endTime ?? before.timestamp) <= GAP_SECONDS
  )
}

function frameOf(hit: KeyframeHit): Pick<Moment, 'score' | 'keyframeId'> {
  return { score: hit.score, keyframeId: hit.keyframeId }
}

/** Scores of words and of pictures cannot be compared: one of each in turn, each list best first. */
function byTurns(a: Moment[], b: Moment[]): Moment[] {
  const length = Math.max(a.length, b.length)
  return Array.from({ length }, (_, i) => [a[i], b[i]])
    .flat()
    .filter((moment) => moment !== undefined)
}
