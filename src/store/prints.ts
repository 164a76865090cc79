import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/** A video's keyframes as small grey pictures, with what tells its length. */
export interface StoredPrints {
  /** Seconds, ascending. */
  times: number[]
  /** 1024 bytes for each time. */
  prints: Uint8Array
}

/** Keeps a video's prints, those it had before replaced. Nothing happens when the video is gone. */
export async function savePrints(
  db: Db,
  videoId: string,
  { times, prints }: StoredPrints,
): Promise<void> {
  await sql`
    insert into video_prints (video_id, times, prints)
    select id, ${times}::double precision[], ${Buffer.from(prints)}::bytea from videos
    where id = ${videoId} for key share
    on conflict (video_id) do update set times = excluded.times, prints = excluded.prints`.execute(
    db,
  )
}

/** Null when none were made of its keyframes. */
export async function printsOf(db: Db, videoId: string): Promise<StoredPrints | null> {
  const row = await db
    .selectFrom('video_prints')
    .select(['times', 'prints'])
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  return row ?? null
}
