import type { NearDuplicate } from '../../src/api/schemas/duplicates.ts'
import type { OwnLibrary, TaskAnswer } from '../support/own-library.ts'

/** A video as `GET /api/videos/{id}` answers, as far as the tests of the flow look at it. */
export interface VideoAnswer {
  id: string
  title: string
  status: string
  category: string
  duration: number
  has_audio: boolean
  licence: string | null
  uploader: string | null
  thumbnail_url: string | null
  tags: { tag: string; source: string }[]
  keyframes: { id: string; timestamp: number; is_scene_change: boolean; url: string }[]
  detections: {
    keyframe_id: string
    label: string
    source_label: string
    confidence: number
    bbox_x: number
    bbox_y: number
    bbox_w: number
    bbox_h: number
    model_name: string
  }[]
  concepts: { keyframe_id: string; label: string; score: number }[]
  activities: { label: string; start_time: number; end_time: number }[]
  transcript: {
    full_text: string
    language: string | null
    segments: { start_time: number; end_time: number; text: string }[]
  } | null
  duplicates: NearDuplicate[]
  steps: { name: string; state: string; reason?: string; message?: string }[]
  annotation: Record<string, unknown>
  failure: { code: string; step: string; message: string; retryable: boolean } | null
}

export interface SearchAnswer {
  mode: 'hybrid' | 'words'
  results: {
    video_id: string
    title: string
    score: number
    moments: { start_time: number; end_time: number; reason: string; keyframe_url: string | null }[]
  }[]
}

/** Ingests a folder to the end, as the machine's own user. */
export async function ingestFolder(
  library: OwnLibrary,
  folder: string,
  more: Record<string, unknown> = {},
): Promise<TaskAnswer> {
  const started = await library.ask<{ id: string }>('POST', '/api/ingest', {
    path: folder,
    ...more,
  })
  if (started.status !== 202) throw new Error(`Not accepted: ${JSON.stringify(started)}`)
  return await library.finished(started.body.id)
}

/** Every video of the library in full, by title. */
export async function videosByTitle(library: OwnLibrary): Promise<Map<string, VideoAnswer>> {
  const list = await library.ask<{ items: { id: string }[] }>('GET', '/api/videos?limit=200')
  const videos = new Map<string, VideoAnswer>()
  for (const { id } of list.body.items) {
    const { body } = await library.ask<VideoAnswer>('GET', `/api/videos/${id}`)
    videos.set(body.title, body)
  }
  return videos
}

/** The statuses that a video's events told, in order, each once. */
export async function statusesOf({ services }: OwnLibrary, videoId: string): Promise<string[]> {
  const rows = await services.database.db
    .selectFrom('events')
    .select('data')
    .where('video_id', '=', videoId)
    .orderBy('id')
    .execute()
  const statuses = rows.map((row) => String(row.data.status))
  return statuses.filter((status, i) => status !== statuses[i - 1])
}

/** Rows in every table that the steps write, for comparing before and after. */
export async function rowCounts({ services }: OwnLibrary): Promise<Record<string, number>> {
  const tables = [
    'videos',
    'keyframes',
    'keyframe_embeddings',
    'keyframe_bits',
    'video_embeddings',
    'detections',
    'frame_concepts',
    'activity_segments',
    'transcripts',
    'transcript_segments',
    'annotations',
    'video_tags',
    'video_documents',
    'duplicate_pairs',
    'step_runs',
  ] as const
  const counts: Record<string, number> = {}
  for (const table of tables) {
    const row = await services.database.db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    counts[table] = row.count
  }
  return counts
}
