import type { Database } from '../config/database.ts'
import { ConflictError, InvalidInputError } from '../errors.ts'
import { type DocumentHit, MAX_QUERY_CHARACTERS, searchDocuments } from '../store/documents.ts'
import { storedVector } from '../store/embeddings.ts'
import { type KeyframeHit, nearestKeyframes } from '../store/search.ts'
import type { VideoFilters } from '../store/video-filters.ts'
import { fuse } from './fusion.ts'

/** What a search needs. */
export interface SearchServices {
  database: Pick<Database, 'form' | 'db'>
  /** A text as a vector in the frames' space, [512] float32, L2-normalised; null: no model. */
  embedText: ((text: string, signal: AbortSignal) => Promise<Float32Array>) | null
  /** The model that `embedText` is of, as vectors name it; null when it made none here yet. */
  modelId: number | null
}

/** What is looked for: words, or what looks like a video or one of its keyframes. */
export type Asked = { q: string } | { similarTo: SimilarTo }

export interface SimilarTo {
  kind: 'video' | 'keyframe'
  id: string
}

/**
 * `hybrid`: pictures and words were searched. `words`: there is no model or no vector of it.
 * `similar`: pictures alone.
 */
export type SearchMode = 'hybrid' | 'words' | 'similar'

/** The whole answer to a search, over all its pages. */
export interface Ranking {
  mode: SearchMode
  /** Best first; `score` 0–1. */
  videos: { id: string; score: number }[]
  framesByVideo: Map<string, KeyframeHit[]>
  documents: DocumentHit[]
}

/** Frames and videos looked at: the whole answer, over all its pages, comes from these. */
const MAX_FRAMES = 1000
const MAX_DOCUMENTS = 500

/**
 * Reads once what is asked (the text's vector, the picture's) and gives the function that ranks the
 * videos under some filters. Pictures and words (title, tags, transcript, description) are searched
 * apart and fused by rank; no score is ever compared with a fixed bound.
 *
 * @throws InvalidInputError `empty-query`, `query-too-long`
 * @throws NotFoundError `video-not-found`, `keyframe-not-found`
 * @throws ConflictError `no-embedding`
 */
export async function prepareRanking(
  { database, embedText, modelId }: SearchServices,
  asked: Asked,
  signal: AbortSignal,
): Promise<(filters: VideoFilters) => Promise<Ranking>> {
  if ('similarTo' in asked) return await prepareSimilar(database, asked.similarTo)
  const query = checkedQuery(asked.q)
  const vector = embedText !== null && modelId !== null ? await embedText(query, signal) : null
  signal.throwIfAborted()
  return async (filters) => {
    const frames =
      vector !== null && modelId !== null
        ? await nearestKeyframes(database, vector, { modelId, filters, limit: MAX_FRAMES })
        : []
    signal.throwIfAborted()
    const documents = await searchDocuments(database.db, query, filters, MAX_DOCUMENTS)
    signal.throwIfAborted()
    const framesByVideo = grouped(frames)
    const videos = fuse([
      { entries: [...framesByVideo.keys()].map((id) => ({ id, weight: 1 })) },
      { entries: documents.map(({ videoId, share }) => ({ id: videoId, weight: share })) },
    ])
    return { mode: vector === null ? 'words' : 'hybrid', videos, framesByVideo, documents }
  }
}

async function prepareSimilar(
  database: SearchServices['database'],
  similarTo: SimilarTo,
): Promise<(filters: VideoFilters) => Promise<Ranking>> {
  const stored = await storedVector(database.db, similarTo)
  if (!stored.vector) {
    throw new ConflictError(
      'no-embedding',
      `This ${similarTo.kind} has no vector yet, so nothing can be compared with it: install CLIP ` +
        '(`forgeindex models pull`) and run `forgeindex recompute`.',
    )
  }
  const { vector, modelId, videoId } = stored
  return async (filters) => {
    const frames = await nearestKeyframes(database, vector, {
      modelId,
      filters,
      limit: MAX_FRAMES,
      exceptVideoId: videoId,
    })
    const framesByVideo = grouped(frames)
    // Cosines of pictures can be compared and say something: the best frame's is the video's score.
    const videos = [...framesByVideo].map(([id, hits]) => ({ id, score: hits[0]!.score }))
    return { mode: 'similar', videos, framesByVideo, documents: [] }
  }
}

/** By video, in the order in which the videos first appear: that of their best hit. */
export function grouped<T extends { videoId: string }>(hits: T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const hit of hits) {
    const group = groups.get(hit.videoId)
    if (group) group.push(hit)
    else groups.set(hit.videoId, [hit])
  }
  return groups
}

/** @throws InvalidInputError `empty-query`, `query-too-long` */
export function checkedQuery(q: string): string {
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
