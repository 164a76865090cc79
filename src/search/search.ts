import { createHash } from 'node:crypto'
import type { Database } from '../config/database.ts'
import { InvalidInputError } from '../errors.ts'
import {
  type DocumentHit,
  MAX_QUERY_CHARACTERS,
  searchDocuments,
  searchSpeech,
} from '../store/documents.ts'
import { firstKeyframes, type KeyframeHit, nearestKeyframes } from '../store/search.ts'
import type { VideoFilters } from '../store/video-filters.ts'
import { type VideoSummary, videoSummaries } from '../store/video-list.ts'
import { fuse } from './fusion.ts'
import { MOMENTS_PER_VIDEO, type Moment, momentsOf } from './moments.ts'

/** What a search needs. */
export interface SearchServices {
  database: Pick<Database, 'form' | 'db'>
  /** A text as a vector in the frames' space, [512] float32, L2-normalised; null: no model. */
  embedText: ((text: string, signal: AbortSignal) => Promise<Float32Array>) | null
  /** The model that `embedText` is of, as vectors name it; null when it made none here yet. */
  modelId: number | null
}

export interface SearchRequest {
  q: string
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
  query: string
  /** `hybrid`: pictures and words were searched. `words`: there is no model or no vector of it. */
  mode: 'hybrid' | 'words'
  results: SearchResult[]
  nextCursor: string | null
}

/** Frames and videos looked at: the whole answer, over all its pages, comes from these. */
const MAX_FRAMES = 1000
const MAX_DOCUMENTS = 500

/**
 * Videos that answer the query, best first, each with its best moments. Pictures (the query's vector
 * against the keyframes') and words (title, tags, transcript, description) are searched apart and
 * fused by rank; no score is ever compared with a fixed bound. Pages go on by offset within the best
 * 1,000 frames and 500 documents, computed anew for each page.
 *
 * @throws InvalidInputError `empty-query`, `query-too-long`, `invalid-cursor`
 */
export async function search(
  { database, embedText, modelId }: SearchServices,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<SearchAnswer> {
  const query = checkedQuery(request.q)
  const offset = request.cursor ? decodeOffset(request.cursor, query, request.filters) : 0
  const hybrid = embedText !== null && modelId !== null
  const frames = hybrid
    ? await nearestKeyframes(database, await embedText(query, signal), {
        modelId,
        filters: request.filters,
        limit: MAX_FRAMES,
      })
    : []
  signal.throwIfAborted()
  const documents = await searchDocuments(database.db, query, request.filters, MAX_DOCUMENTS)
  signal.throwIfAborted()

  const framesByVideo = grouped(frames)
  const ranked = fuse([
    { entries: [...framesByVideo.keys()].map((id) => ({ id, weight: 1 })) },
    { entries: documents.map(({ videoId, share }) => ({ id: videoId, weight: share })) },
  ])
  const page = ranked.slice(offset, offset + request.limit)
  const more = offset + page.length < ranked.length
  return {
    query,
    mode: hybrid ? 'hybrid' : 'words',
    results: await describe(database, query, page, framesByVideo, documents),
    nextCursor: more ? encodeOffset(offset + page.length, query, request.filters) : null,
  }
}

async function describe(
  { db }: Pick<Database, 'db'>,
  query: string,
  page: { id: string; score: number }[],
  framesByVideo: Map<string, KeyframeHit[]>,
  documents: DocumentHit[],
): Promise<SearchResult[]> {
  const ids = page.map(({ id }) => id)
  const documentOf = new Map(documents.map((document) => [document.videoId, document]))
  const spoken = ids.filter((id) => documentOf.get(id)?.matchedIn.includes('transcript'))
  const speech = grouped(await searchSpeech(db, query, spoken, MOMENTS_PER_VIDEO))
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

/** By video, in the order in which the videos first appear: that of their best hit. */
function grouped<T extends { videoId: string }>(hits: T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const hit of hits) {
    const group = groups.get(hit.videoId)
    if (group) group.push(hit)
    else groups.set(hit.videoId, [hit])
  }
  return groups
}

function checkedQuery(q: string): string {
  const query = q.replaceAll('\0', ' ').trim()
  if (query.length === 0) {
    throw new InvalidInputError('empty-query', 'Expected words to search for, got an empty text.', {
      faults: [{ path: 'q', expected: 'at least one character', got: 'an empty text' }],
    })
  }
  if (query.length > MAX_QUERY_CHARACTERS) {
    const expected = `at most ${MAX_QUERY_CHARACTERS} characters`
    const got = `${query.length} characters`
    throw new InvalidInputError(
      'query-too-long',
      `Expected a query of ${expected}, got ${got}: shorten it.`,
      { faults: [{ path: 'q', expected, got }] },
    )
  }
  return query
}

/** Ties a cursor to its search: with another query the same offset would mean nothing. */
function fingerprint(query: string, filters: VideoFilters): string {
  const sorted = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([query, sorted]))
    .digest('base64url')
    .slice(0, 12)
}

function encodeOffset(offset: number, query: string, filters: VideoFilters): string {
  return Buffer.from(JSON.stringify([offset, fingerprint(query, filters)])).toString('base64url')
}

function decodeOffset(cursor: string, query: string, filters: VideoFilters): number {
  let parts: unknown = null
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    // Not ours, whatever it is: refused below.
  }
  if (Array.isArray(parts) && parts.length === 2) {
    const [offset, print] = parts as [unknown, unknown]
    if (Number.isSafeInteger(offset) && (offset as number) > 0) {
      if (print === fingerprint(query, filters)) return offset as number
    }
  }
  throw new InvalidInputError(
    'invalid-cursor',
    'Expected the next_cursor of this same search (query and filters), got another text: ' +
      'pass it on as it came, or leave it out.',
  )
}
