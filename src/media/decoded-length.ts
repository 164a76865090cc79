import type { Warning } from './decode.ts'
import type { MediaInfo } from './ffprobe.ts'
import type { SelectionLog } from './keyframe-selection.ts'

/**
 * The declared length, if decoding came within half a second or 2 % of it. A last picture that is shown
 * for as long as others were is no fault either.
 */
export function decodedLength(
  info: MediaInfo,
  log: SelectionLog,
  audioSeconds: number,
  limitSeconds: number,
): { seconds: number; warning: Warning | null } {
  const declared = info.durationSeconds
  const last = log.lastMicroseconds === null ? 0 : log.lastMicroseconds / 1e6
  const frameSeconds = log.decodedFrames > 0 && info.fps ? 1 / info.fps : 0
  const end = Math.min(limitSeconds, Math.max(last + frameSeconds, audioSeconds))
  const decoded = Math.round(end * 1e6) / 1e6
  const tolerance = Math.max(0.5, declared * 0.02)
  const held = (2 * log.longestGapMicroseconds) / 1e6
  if (decoded < declared - Math.max(tolerance, held)) {
    return { seconds: decoded, warning: 'shorter-than-declared' }
  }
  if (decoded > declared + tolerance) return { seconds: decoded, warning: 'longer-than-declared' }
  return { seconds: declared, warning: null }
}
