import type { Db, Trx } from '../config/database.ts'
import { checkedId, notFound } from './ids.ts'
import { refreshVideoLabels } from './video-labels.ts'

/** A stored frame. `timestamp` is its presentation time in seconds from the video's start. */
export interface Keyframe {
  id: string
  videoId: string
  timestamp: number
  /** Number of the decoded frame, from 0. */
  frameIndex: number
  /** Number of the shot it is in, from 0. */
  shotIndex: number
  isSceneChange: boolean
  /** ffmpeg's scene score, 0–1. */
  sceneScore: number
  storageKey: string
}

/** Rows in one INSERT: the embedded database runs in this process and blocks it for each statement. */
export const INSERT_ROWS = 100

/** Replaces a video's keyframes, and with them every vector, print, box and concept on them. */
export async function replaceKeyframes(
  trx: Trx,
  videoId: string,
  keyframes: Omit<Keyframe, 'id' | 'videoId'>[],
): Promise<void> {
  await trx.deleteFrom('keyframes').where('video_id', '=', videoId).execute()
  await trx.deleteFrom('video_prints').where('video_id', '=', videoId).execute()
  for (let start = 0; start < keyframes.length; start += INSERT_ROWS) {
    await trx
      .insertInto('keyframes')
      .values(
        keyframes.slice(start, start + INSERT_ROWS).map((keyframe) => ({
          video_id: videoId,
          timestamp: keyframe.timestamp,
          frame_index: keyframe.frameIndex,
          shot_index: keyframe.shotIndex,
          is_scene_change: keyframe.isSceneChange,
          scene_score: keyframe.sceneScore,
          storage_key: keyframe.storageKey,
        })),
      )
      .execute()
  }
  await refreshVideoLabels(trx, videoId)
}

/** A video's keyframes in presentation order. */
export async function keyframesOf(db: Db | Trx, videoId: string): Promise<Keyframe[]> {
  const rows = await db
    .selectFrom('keyframes')
    .selectAll()
    .where('video_id', '=', videoId)
    .orderBy('timestamp')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    videoId: row.video_id,
    timestamp: row.timestamp,
    frameIndex: row.frame_index,
    shotIndex: row.shot_index,
    isSceneChange: row.is_scene_change,
    sceneScore: row.scene_score,
    storageKey: row.storage_key,
  }))
}

/** Storage key of one keyframe's picture. @throws NotFoundError `keyframe-not-found` */
export async function keyframeKey(db: Db, videoId: string, keyframeId: string): Promise<string> {
  const row = await db
    .selectFrom('keyframes')
    .select('storage_key')
    .where('id', '=', checkedId('keyframe', keyframeId))
    .where('video_id', '=', checkedId('video', videoId))
    .executeTakeFirst()
  if (!row) throw notFound('keyframe', keyframeId)
  return row.storage_key
}
