import type { Db, Trx } from '../config/database.ts'
import { INSERT_ROWS } from './keyframes.ts'

/** A stretch between two transitions; seconds on the video's timeline. */
export interface Shot {
  /** From 0, without gaps, in order of time. */
  index: number
  startTime: number
  endTime: number
  /** What it begins with. */
  transition: 'start' | 'cut' | 'dissolve' | 'fade'
  /** How unlike the pictures before and after its beginning are, 0–1; null for the first. */
  strength: number | null
}

/** Replaces a video's shots. */
export async function replaceShots(
  trx: Trx,
  videoId: string,
  shots: readonly Shot[],
): Promise<void> {
  await trx.deleteFrom('shots').where('video_id', '=', videoId).execute()
  for (let start = 0; start < shots.length; start += INSERT_ROWS) {
    await trx
      .insertInto('shots')
      .values(
        shots.slice(start, start + INSERT_ROWS).map((shot) => ({
          video_id: videoId,
          shot_index: shot.index,
          start_time: shot.startTime,
          end_time: shot.endTime,
          transition: shot.transition,
          strength: shot.strength,
        })),
      )
      .execute()
  }
}

/**
 * A video's shots in order of time. Empty for one without pictures, and for one whose frames were
 * taken before shots were stored.
 */
export async function storedShotsOf(db: Db | Trx, videoId: string): Promise<Shot[]> {
  const rows = await db
    .selectFrom('shots')
    .selectAll()
    .where('video_id', '=', videoId)
    .orderBy('shot_index')
    .execute()
  return rows.map((row) => ({
    index: row.shot_index,
    startTime: row.start_time,
    endTime: row.end_time,
    transition: row.transition,
    strength: row.strength,
  }))
}
