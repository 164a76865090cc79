import { createHash } from 'node:crypto'
import type { Database } from '../config/database.ts'
import { InvalidInputError } from '../errors.ts'
import { type DocumentHit, searchDocuments, searchSpeech } from '../store/documents.ts'
import { firstKeyframes, type KeyframeHit, nearestKeyframes } from '../store/search.ts'
import type { VideoFilters } from '../store/video-filters.ts'
import { type VideoSummary, videoSummaries } from '../store/video-list.ts'
import { MOMENTS_PER_VIDEO, type Moment, momentsOf } from './moments.ts'
import {
  type Asked,
  checkedQuery,
  grouped,
  prepareRanking,
  type SearchMode,
  type SearchServices,
} from './ranking.ts'

export type SearchRequest = Asked & {
  filters: VideoFilters
  /** Videos in the answer, 1–200. */
  limit: number
  cursor?: string | null
}

export interface SearchResult {
  video: VideoSummary
  /** 0–1; for ranking within one answer only. */
  score: number
  /** At most five, best first. */
  moments: Moment[]
}

export interface SearchAnswer {
  /** The words; null when something similar was asked for. */
  query: string | null
  mode: SearchMode
  results: SearchResult[]
  nextCursor: string | null
}

/**
 * Videos that answer, best first, each with its best moments. Pages go on by offset within the best
 * 1,000 frames and 500 documents, computed anew for each page. Asked for what is similar, the video
 * itself is left out.
 *
 * @throws InvalidInputError `empty-query`, `query-too-long`, `invalid-cursor`
 * @throws NotFoundError, ConflictError as `prepareRanking`
 */
export async function search(
  services: SearchServices,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<SearchAnswer> {
  const query = 'q' in request ? checkedQuery(request.q) : null
  const asked = 'q' in request ? request.q.trim() : request.similarTo
  const print = fingerprint(asked, request.filters)
  const offset = request.cursor ? decodeOffset(request.cursor, print) : 0
  const rank = await prepareRanking(services, request, signal)
  const { mode, videos, framesByVideo, documents } = await rank(request.filters)
  const page = videos.slice(offset, offset + request.limit)
  const next = offset + page.length
  return {
    query,
    mode,
    results: await describe(services.database, query, page, framesByVideo, documents),
    nextCursor: next < videos.length ? encodeOffset(next, print) : null,
  }
}

/** Keyframes of one video that are looked at for its moments. */
const MAX_VIDEO_FRAMES = 1000

/** The moments of one video that answer words, best first. @throws InvalidInputError as `search` */
export async function searchVideo(
  { database, embedText, modelId }: SearchServices,
  video: Pick<VideoSummary, 'id' | 'duration'>,
  request: { q: string; limit: number },
  signal: AbortSignal,
): Promise<{ query: string; mode: SearchMode; moments: Moment[] }> {
  const query = checkedQuery(request.q)
  const filters = { videoIds: [video.id] }
  const hybrid = embedText !== null && modelId !== null
  const hits = hybrid
    ? await nearestKeyframes(database, await embedText(query, signal), {
        modelId,
        filters,
        limit: MAX_VIDEO_FRAMES,
      })
    : []
  signal.throwIfAborted()
  const [document] = await searchDocuments(database.db, query, filters, 1)
  const moments = momentsOf(
    {
      duration: video.duration,
      hits,
      speech: await searchSpeech(database.db, query, [video.id], request.limit),
      document,
      firstKeyframeId: (await firstKeyframes(database.db, [video.id])).get(video.id) ?? null,
    },
    request.limit,
  )
  return {
    query,
    mode: hybrid ? 'hybrid' : 'words',
    moments: moments.sort((a, b) => b.score - a.score || a.startTime - b.startTime),
  }
}

async function describe(
  { db }: Pick<Database, 'db'>,
  query: string | null,
  page: { id: string; score: number }[],
  framesByVideo: Map<string, KeyframeHit[]>,
  documents: DocumentHit[],
): Promise<SearchResult[]> {
  const ids = page.map(({ id }) => id)
  const documentOf = new Map(documents.map((document) => [document.videoId, document]))
  const spoken = ids.filter((id) => documentOf.get(id)?.matchedIn.includes('transcript'))
  const speech = grouped(
    query === null ? [] : await searchSpeech(db, query, spoken, MOMENTS_PER_VIDEO),
  )
  const first = await firstKeyframes(db, ids)
  const summaries = new Map((await videoSummaries(db, ids)).map((video) => [video.id, video]))
  return page.flatMap(({ id, score }) => {
    const video = summaries.get(id)
    // Deleted since the search a moment ago.
    if (!video) return []
    const moments = momentsOf({
      duration: video.duration,
      hits: framesByVideo.get(id) ?? [],
      speech: speech.get(id) ?? [],
      document: documentOf.get(id),
      firstKeyframeId: first.get(id) ?? null,
    })
    return [{ video, score, moments }]
  })
}

/** Ties a cursor to its search: with another query the same offset would mean nothing. */
function fingerprint(asked: unknown, filters: VideoFilters): string {
  const sorted = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([asked, sorted]))
    .digest('base64url')
    .slice(0, 12)
}

function encodeOffset(offset: number, print: string): string {
  return Buffer.from(JSON.stringify([offset, print])).toString('base64url')
}

function decodeOffset(cursor: string, print: string): number {
  let parts: unknown = null
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    // Not ours, whatever it is: refused below.
  }
  if (Array.isArray(parts) && parts.length === 2) {
    const [offset, given] = parts as [unknown, unknown]
    if (Number.isSafeInteger(offset) && (offset as number) > 0 && given === print) {
      return offset as number
    }
  }
  throw new InvalidInputError(
    'invalid-cursor',
    'Expected the next_cursor of this same search (query and filters), got another text: ' +
      'pass it on as it came, or leave it out.',
  )
}
