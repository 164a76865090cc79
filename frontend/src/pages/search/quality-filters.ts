import { formatShare } from '../../lib/format.ts'

/** Bounds of quality that are numbers, by the API's own names. */
export const QUALITY_BOUNDS = [
  'min_short_side',
  'min_sharpness',
  'min_motion',
  'max_motion',
  'max_clipped_share',
  'max_black_share',
  'max_frozen_share',
  'max_overlay_share',
  'min_speech_share',
] as const
export type QualityBound = (typeof QUALITY_BOUNDS)[number]

/** Kinds of video that are asked for or left out. */
export const QUALITY_KINDS = ['slide_show', 'screen_recording'] as const
export type QualityKind = (typeof QUALITY_KINDS)[number]

export const QUALITY_WORDS: Record<QualityBound | QualityKind, string> = {
  min_short_side: 'shorter side',
  min_sharpness: 'sharpness',
  min_motion: 'motion',
  max_motion: 'motion',
  max_clipped_share: 'clipped',
  max_black_share: 'black',
  max_frozen_share: 'frozen',
  max_overlay_share: 'text and logos',
  min_speech_share: 'speech',
  slide_show: 'slide shows',
  screen_recording: 'screens',
}

/** A bound with its unit: pixels, a bare score, or a share. */
export function boundText(name: QualityBound, value: number): string {
  if (name === 'min_short_side') return `${value} px`
  return name === 'min_sharpness' ? String(value) : formatShare(value)
}
