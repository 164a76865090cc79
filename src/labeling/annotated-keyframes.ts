import type { AnnotatedKeyframe, SeenConcept, SeenObject } from './annotation-input.ts'
import type { Annotation } from './annotation-schema.ts'

/** Five decimals of a frame's width: a hundredth of a pixel at 720p. */
const SHARE_STEPS = 1e5

/**
 * Each keyframe with its own boxes and concepts, surest first: what a detector or a classifier is
 * trained on. Boxes and concepts of keyframes that are not listed are left out.
 */
export function annotatedKeyframes(
  keyframes: AnnotatedKeyframe[],
  boxes: SeenObject[],
  concepts: SeenConcept[],
): Annotation['keyframes'] {
  const boxesOf = byKeyframe(boxes)
  const conceptsOf = byKeyframe(concepts)
  return keyframes
    .map((keyframe) => ({
      id: keyframe.id,
      timestamp: Math.max(0, Math.round(keyframe.timestamp * 1e6) / 1e6),
      frame_index: keyframe.frameIndex,
      shot_index: keyframe.shotIndex,
      is_scene_change: keyframe.isSceneChange,
      detections: (boxesOf.get(keyframe.id) ?? [])
        .map((box) => ({
          label: box.label,
          source_label: box.sourceLabel,
          confidence: rounded(box.confidence, 1e4),
          bbox_x: rounded(box.x, SHARE_STEPS),
          bbox_y: rounded(box.y, SHARE_STEPS),
          bbox_w: rounded(box.w, SHARE_STEPS),
          bbox_h: rounded(box.h, SHARE_STEPS),
          model_name: box.modelName,
          ...(box.trackId == null ? {} : { track_id: box.trackId }),
          ...(box.source === 'open_vocabulary' ? { source: box.source } : {}),
        }))
        .sort((a, b) => b.confidence - a.confidence || compareJson(a, b)),
      concepts: (conceptsOf.get(keyframe.id) ?? [])
        .map((concept) => ({
          label: concept.label,
          score: rounded(concept.score, 1e4),
          ...(concept.scoreKind && { score_kind: concept.scoreKind }),
          model_name: concept.modelName,
        }))
        .sort((a, b) => b.score - a.score || compareJson(a, b)),
    }))
    .sort((a, b) => a.timestamp - b.timestamp)
}

function byKeyframe<T extends { keyframeId: string }>(items: T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(item.keyframeId)
    if (group) group.push(item)
    else groups.set(item.keyframeId, [item])
  }
  return groups
}

function rounded(value: number, steps: number): number {
  return Math.min(1, Math.max(0, Math.round(value * steps) / steps))
}

/** Ties by everything else, so that the order the rows came in does not matter. */
function compareJson(a: object, b: object): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
