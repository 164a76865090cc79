import type { Db, Trx } from '../config/database.ts'
import { INSERT_ROWS } from './keyframes.ts'
import { refreshVideoLabels } from './video-labels.ts'

/** A box on a keyframe: shares of the upright frame, origin at the top left, 0–1. */
export interface StoredDetection {
  keyframeId: string
  /** The taxonomy's word. */
  label: string
  /** The detector's own word. */
  sourceLabel: string
  confidence: number
  x: number
  y: number
  w: number
  h: number
  modelName: string
  /** Boxes of a video with the same number are one object, 1 … n; null: nobody has looked. */
  trackId: number | null
  source: 'detector' | 'open_vocabulary'
}

export interface StoredConcept {
  keyframeId: string
  label: string
  /** 0–1, higher is surer. */
  score: number
  /** What the score is: see `ScoreKind` in src/labeling/concepts.ts. */
  scoreKind: 'softmax_share' | 'background_quantile'
  /** Too low for a label of the frame, enough for an activity that is there to go on. */
  isWeak: boolean
  modelName: string
}

export interface StoredActivity {
  label: string
  /** Seconds on the video's timeline. */
  startTime: number
  endTime: number
  confidence: number
  metadata: Record<string, unknown>
}

/** Replaces all boxes on a video's keyframes. */
export async function replaceDetections(
  trx: Trx,
  videoId: string,
  detections: StoredDetection[],
): Promise<void> {
  await trx
    .deleteFrom('detections')
    .where('keyframe_id', 'in', (eb) =>
      eb.selectFrom('keyframes').select('keyframes.id').where('video_id', '=', videoId),
    )
    .execute()
  for (let start = 0; start < detections.length; start += INSERT_ROWS) {
    await trx
      .insertInto('detections')
      .values(
        detections.slice(start, start + INSERT_ROWS).map((detection) => ({
          keyframe_id: detection.keyframeId,
          label: detection.label,
          source_label: detection.sourceLabel,
          confidence: detection.confidence,
          bbox_x: detection.x,
          bbox_y: detection.y,
          bbox_w: detection.w,
          bbox_h: detection.h,
          model_name: detection.modelName,
          track_id: detection.trackId,
          source: detection.source,
        })),
      )
      .execute()
  }
  await refreshVideoLabels(trx, videoId)
}

/** A video's boxes with their keyframe's time, in presentation order, surest first. */
export async function detectionsOf(
  db: Db | Trx,
  videoId: string,
): Promise<(StoredDetection & { timestamp: number })[]> {
  const rows = await db
    .selectFrom('detections as d')
    .innerJoin('keyframes as k', 'k.id', 'd.keyframe_id')
    .selectAll('d')
    .select('k.timestamp')
    .where('k.video_id', '=', videoId)
    .orderBy('k.timestamp')
    .orderBy('d.confidence', 'desc')
    .orderBy('d.id')
    .execute()
  return rows.map((row) => ({
    keyframeId: row.keyframe_id,
    timestamp: row.timestamp,
    label: row.label,
    sourceLabel: row.source_label,
    confidence: row.confidence,
    x: row.bbox_x,
    y: row.bbox_y,
    w: row.bbox_w,
    h: row.bbox_h,
    modelName: row.model_name,
    trackId: row.track_id,
    source: row.source,
  }))
}

/** Replaces all concepts on a video's keyframes. */
export async function replaceConcepts(
  trx: Trx,
  videoId: string,
  concepts: StoredConcept[],
): Promise<void> {
  await trx
    .deleteFrom('frame_concepts')
    .where('keyframe_id', 'in', (eb) =>
      eb.selectFrom('keyframes').select('id').where('video_id', '=', videoId),
    )
    .execute()
  for (let start = 0; start < concepts.length; start += INSERT_ROWS) {
    await trx
      .insertInto('frame_concepts')
      .values(
        concepts.slice(start, start + INSERT_ROWS).map((concept) => ({
          keyframe_id: concept.keyframeId,
          label: concept.label,
          score: concept.score,
          model_name: concept.modelName,
          score_kind: concept.scoreKind,
          is_weak: concept.isWeak,
        })),
      )
      .execute()
  }
  await refreshVideoLabels(trx, videoId)
}

/**
 * A video's concepts with their keyframe's time, in presentation order, surest first; those too weak
 * for a label only when asked for.
 */
export async function conceptsOf(
  db: Db | Trx,
  videoId: string,
  options: { alsoWeak?: boolean } = {},
): Promise<(StoredConcept & { timestamp: number })[]> {
  const rows = await db
    .selectFrom('frame_concepts as c')
    .innerJoin('keyframes as k', 'k.id', 'c.keyframe_id')
    .selectAll('c')
    .select('k.timestamp')
    .where('k.video_id', '=', videoId)
    .$if(!options.alsoWeak, (query) => query.where('c.is_weak', '=', false))
    .orderBy('k.timestamp')
    .orderBy('c.score', 'desc')
    .orderBy('c.label')
    .execute()
  return rows.map((row) => ({
    keyframeId: row.keyframe_id,
    timestamp: row.timestamp,
    label: row.label,
    score: row.score,
    scoreKind: row.score_kind,
    isWeak: row.is_weak,
    modelName: row.model_name,
  }))
}

/** Replaces a video's activity segments. */
export async function replaceActivities(
  trx: Trx,
  videoId: string,
  activities: StoredActivity[],
): Promise<void> {
  await trx.deleteFrom('activity_segments').where('video_id', '=', videoId).execute()
  for (let start = 0; start < activities.length; start += INSERT_ROWS) {
    await trx
      .insertInto('activity_segments')
      .values(
        activities.slice(start, start + INSERT_ROWS).map((activity) => ({
          video_id: videoId,
          label: activity.label,
          start_time: activity.startTime,
          end_time: activity.endTime,
          confidence: activity.confidence,
          metadata: JSON.stringify(activity.metadata),
        })),
      )
      .execute()
  }
  await refreshVideoLabels(trx, videoId)
}

/** A video's activity segments by start, then label. */
export async function activitiesOf(db: Db | Trx, videoId: string): Promise<StoredActivity[]> {
  const rows = await db
    .selectFrom('activity_segments')
    .selectAll()
    .where('video_id', '=', videoId)
    .orderBy('start_time')
    .orderBy('label')
    .execute()
  return rows.map((row) => ({
    label: row.label,
    startTime: row.start_time,
    endTime: row.end_time,
    confidence: row.confidence,
    metadata: row.metadata,
  }))
}
