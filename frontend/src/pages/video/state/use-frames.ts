import { useQueries } from '@tanstack/react-query'
import {
  type Detection,
  detectionsQuery,
  type Keyframe,
  keyframesQuery,
} from '../../../api/video.ts'
import { CHUNK_SECONDS, chunkAt, chunksAround, chunkWindow, lastAt } from './chunks.ts'
import { usePlayState } from './player-context.tsx'

/** Chunks that nobody looks at any more are let go after this long. */
const KEEP_MS = 30_000

/**
 * Keyframes around the playhead in order of time, whatever of them has come; none before those of
 * the playhead's own chunk have, since the last one before it would be of another time.
 */
export function useKeyframesAround(id: string): Keyframe[] {
  const chunks = useChunks()
  return useQueries({
    queries: chunks.map((chunk) => ({
      ...keyframesQuery(id, chunkWindow(chunk)),
      gcTime: KEEP_MS,
    })),
    combine: joinKeyframes,
  })
}

/** The first answer is that of the playhead's own chunk. */
function joinKeyframes(answers: { data: { items: Keyframe[] } | undefined }[]): Keyframe[] {
  if (!answers[0]?.data) return []
  return answers
    .flatMap((answer) => answer.data?.items ?? [])
    .sort((a, b) => a.timestamp - b.timestamp)
}

/** The keyframe that stands for the time of the playhead: from its own time to the next one's. */
export function useStandingKeyframe(keyframes: Keyframe[]): Keyframe | null {
  const index = usePlayState(({ time }) => lastAt(keyframes, time, (each) => each.timestamp))
  return keyframes[index] ?? null
}

/** Boxes around the playhead by keyframe. */
export function useBoxesAround(id: string, enabled: boolean): ReadonlyMap<string, Detection[]> {
  const chunks = useChunks()
  return useQueries({
    queries: chunks.map((chunk) => ({
      ...detectionsQuery(id, chunkWindow(chunk)),
      gcTime: KEEP_MS,
      enabled,
    })),
    combine: groupByKeyframe,
  })
}

function groupByKeyframe(answers: { data: Detection[] | undefined }[]) {
  const boxes = new Map<string, Detection[]>()
  for (const { data = [] } of answers) {
    for (const box of data) {
      const group = boxes.get(box.keyframe_id)
      if (group) group.push(box)
      else boxes.set(box.keyframe_id, [box])
    }
  }
  return boxes
}

function useChunks(): number[] {
  // A number, so that a frame within the same minute renders nothing.
  const at = usePlayState(({ time }) => chunkAt(time))
  const duration = usePlayState((state) => state.duration)
  return chunksAround(at * CHUNK_SECONDS, duration)
}
