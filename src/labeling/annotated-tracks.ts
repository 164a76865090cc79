import type { SeenObject } from './annotation-input.ts'
import type { Annotation } from './annotation-schema.ts'

/**
 * Each object that was followed from keyframe to keyframe, by its number, which is the order of first
 * appearance. Boxes that nobody followed are in none.
 */
export function annotatedTracks(boxes: SeenObject[]): NonNullable<Annotation['tracks']> {
  const tracks = new Map<number, NonNullable<Annotation['tracks']>[number]>()
  for (const box of boxes) {
    if (box.trackId == null) continue
    const time = Math.max(0, Math.round(box.timestamp * 1e6) / 1e6)
    const confidence = Math.round(box.confidence * 1e4) / 1e4
    const track = tracks.get(box.trackId)
    if (track) {
      track.keyframes++
      track.first_seen = Math.min(track.first_seen, time)
      track.last_seen = Math.max(track.last_seen, time)
      track.max_confidence = Math.max(track.max_confidence, confidence)
    } else {
      tracks.set(box.trackId, {
        track_id: box.trackId,
        label: box.label,
        source_label: box.sourceLabel,
        keyframes: 1,
        first_seen: time,
        last_seen: time,
        max_confidence: confidence,
        model_name: box.modelName,
      })
    }
  }
  return [...tracks.values()].sort((a, b) => a.track_id - b.track_id)
}

/** Different objects among these boxes; null when they were not followed. */
export function countTracks(boxes: SeenObject[]): number | null {
  const ids = boxes.flatMap(({ trackId }) => (trackId == null ? [] : [trackId]))
  return ids.length === 0 ? null : new Set(ids).size
}
