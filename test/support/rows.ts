import type { Insertable } from 'kysely'
import type { Db } from '../../src/config/database.ts'
import type { VideosTable } from '../../src/store/schema.ts'
import { refreshVideoLabels } from '../../src/store/video-labels.ts'

let made = 0

/** Inserts a video with the given columns, the rest made up and unique. Returns its id. */
export async function insertVideo(
  db: Db,
  columns: Partial<Insertable<VideosTable>> = {},
): Promise<string> {
  made++
  const row = await db
    .insertInto('videos')
    .values({
      source_url: `https://videos.example/${made}`,
      platform: 'urls',
      source_id: `video-${made}`,
      title: `Video ${made}`,
      description: null,
      duration: 10,
      resolution: null,
      width: 1280,
      height: 720,
      fps: 25,
      rotation: 0,
      has_audio: true,
      bytes: 1000,
      storage_key: null,
      thumbnail_key: null,
      status: 'completed',
      taxonomy: 'manufacturing',
      query: null,
      uploader: null,
      uploader_url: null,
      published_at: null,
      licence: null,
      licence_url: null,
      licence_evidence: null,
      content_sha256: made.toString(16).padStart(64, '0'),
      fetched_with: null,
      fetched_at: null,
      failure: null,
      run_id: null,
      completed_at: null,
      ...columns,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** Inserts a keyframe at `timestamp` seconds. Returns its id. */
export async function insertKeyframe(
  db: Db,
  videoId: string,
  timestamp: number,
  shotIndex = 0,
): Promise<string> {
  const row = await db
    .insertInto('keyframes')
    .values({
      video_id: videoId,
      timestamp,
      frame_index: Math.round(timestamp * 25),
      shot_index: shotIndex,
      is_scene_change: false,
      scene_score: 0,
      storage_key: `videos/${videoId}/frames/${Math.round(timestamp * 1000)}.jpg`,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export async function insertDetection(
  db: Db,
  keyframeId: string,
  label: string,
  confidence: number,
  sourceLabel = label,
): Promise<void> {
  await db
    .insertInto('detections')
    .values({
      keyframe_id: keyframeId,
      label,
      source_label: sourceLabel,
      confidence,
      bbox_x: 0.1,
      bbox_y: 0.1,
      bbox_w: 0.5,
      bbox_h: 0.5,
      model_name: 'yolox-nano',
    })
    .execute()
  await refreshVideoLabels(db, await videoOf(db, keyframeId))
}

export async function insertConcept(
  db: Db,
  keyframeId: string,
  label: string,
  score: number,
): Promise<void> {
  await db
    .insertInto('frame_concepts')
    .values({ keyframe_id: keyframeId, label, score, model_name: 'mini-vl' })
    .execute()
  await refreshVideoLabels(db, await videoOf(db, keyframeId))
}

async function videoOf(db: Db, keyframeId: string): Promise<string> {
  const row = await db
    .selectFrom('keyframes')
    .select('video_id')
    .where('id', '=', keyframeId)
    .executeTakeFirstOrThrow()
  return row.video_id
}

export async function insertTags(db: Db, videoId: string, tags: string[]): Promise<void> {
  await db
    .insertInto('video_tags')
    .values(tags.map((tag) => ({ video_id: videoId, tag, source: 'auto' as const })))
    .execute()
}

export async function insertActivity(
  db: Db,
  videoId: string,
  label: string,
  confidence: number,
): Promise<void> {
  await db
    .insertInto('activity_segments')
    .values({
      video_id: videoId,
      label,
      start_time: 0,
      end_time: 4,
      confidence,
      metadata: '{}',
    })
    .execute()
  await refreshVideoLabels(db, videoId)
}

/** Inserts a transcript of these segments: [start, end, text]. */
export async function insertTranscript(
  db: Db,
  videoId: string,
  segments: [number, number, string][],
): Promise<void> {
  const { id } = await db
    .insertInto('transcripts')
    .values({
      video_id: videoId,
      full_text: segments.map(([, , text]) => text).join(' '),
      language: segments.length > 0 ? 'en' : null,
      model_name: 'whisper-base',
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  for (const [start_time, end_time, text] of segments) {
    await db
      .insertInto('transcript_segments')
      .values({
        transcript_id: id,
        start_time,
        end_time,
        text,
        avg_logprob: null,
        no_speech_prob: null,
      })
      .execute()
  }
}
