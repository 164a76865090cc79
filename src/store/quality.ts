import type { Db, Trx } from '../config/database.ts'

/**
 * How good a video is as material. Shares are 0–1. Null: not measured or not to be told. What each
 * means, and where it comes from: `src/media/quality.ts` and `quality-pictures.ts`.
 */
export interface VideoQuality {
  /** Median variance of the Laplacian, squared grey levels. */
  sharpness: number | null
  /** Mean grey, 0 black to 1 white. */
  brightness: number | null
  /** Share of pixels that are black or white. */
  clippedShare: number | null
  /** Mean change in 0.2 s, as a share of the range of grey. */
  motion: number | null
  /** Share of the time that is black. */
  blackShare: number | null
  /** Share of the time in stretches of 2 s and more without change. */
  frozenShare: number | null
  /** Share of the picture with written text, a logo or a frame that stays. */
  overlayShare: number | null
  /** Share of the time that is a slide show. */
  slideShow: number | null
  /** How much it looks like a computer's screen. */
  screenRecording: number | null
  /** Share of the time in which someone speaks, by the transcript; null when no model has listened. */
  speechShare: number | null
}

/** Slide shows and screen recordings have at least this score. */
export const IS_QUALITY = 0.5

/** What a video can be asked for: the score that is bounded, and the largest bound that makes sense. */
export const QUALITY_BOUNDS = {
  min_sharpness: { column: 'sharpness', most: 1e6 },
  min_motion: { column: 'motion', most: 1 },
  max_motion: { column: 'motion', most: 1 },
  max_clipped_share: { column: 'clipped_share', most: 1 },
  max_black_share: { column: 'black_share', most: 1 },
  max_frozen_share: { column: 'frozen_share', most: 1 },
  max_overlay_share: { column: 'overlay_share', most: 1 },
  min_speech_share: { column: 'speech_share', most: 1 },
} as const

export type QualityBound = keyof typeof QUALITY_BOUNDS

/** What the pictures tell: all but the speech. */
export type PictureScores = Omit<VideoQuality, 'speechShare'>

/** Writes what the pictures tell; the speech is not known any more until its step has run. */
export async function saveQuality(trx: Trx, videoId: string, scores: PictureScores): Promise<void> {
  const row = {
    sharpness: scores.sharpness,
    brightness: scores.brightness,
    clipped_share: scores.clippedShare,
    motion: scores.motion,
    black_share: scores.blackShare,
    frozen_share: scores.frozenShare,
    overlay_share: scores.overlayShare,
    slide_show: scores.slideShow,
    screen_recording: scores.screenRecording,
    speech_share: null,
  }
  await trx
    .insertInto('video_quality')
    .values({ video_id: videoId, ...row })
    .onConflict((conflict) => conflict.column('video_id').doUpdateSet(row))
    .execute()
}

/** @param share of the time, 0–1; null when no model has listened */
export async function saveSpeechShare(
  trx: Trx,
  videoId: string,
  share: number | null,
): Promise<void> {
  await trx
    .updateTable('video_quality')
    .set({ speech_share: share })
    .where('video_id', '=', videoId)
    .execute()
}

/** Null for a video whose frames were taken before its quality was measured. */
export async function qualityOf(db: Db | Trx, videoId: string): Promise<VideoQuality | null> {
  const row = await db
    .selectFrom('video_quality')
    .selectAll()
    .where('video_id', '=', videoId)
    .executeTakeFirst()
  if (!row) return null
  return {
    sharpness: row.sharpness,
    brightness: row.brightness,
    clippedShare: row.clipped_share,
    motion: row.motion,
    blackShare: row.black_share,
    frozenShare: row.frozen_share,
    overlayShare: row.overlay_share,
    slideShow: row.slide_show,
    screenRecording: row.screen_recording,
    speechShare: row.speech_share,
  }
}
