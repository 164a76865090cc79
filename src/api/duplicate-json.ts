import type { NearDuplicate } from '../store/duplicates.ts'
import type { NearDuplicate as NearDuplicateJson } from './schemas/duplicates.ts'

/** A near-duplicate as it is answered. */
export function duplicateJson(duplicate: NearDuplicate): NearDuplicateJson {
  const { videoId, match } = duplicate
  return {
    video_id: videoId,
    title: duplicate.title,
    similarity: duplicate.similarity,
    thumbnail_url: duplicate.thumbnailKey ? `/api/videos/${videoId}/thumbnail` : null,
    relation: duplicate.isEarlier ? 'earlier' : 'later',
    kind: duplicate.kind,
    start_time: match ? milliseconds(match.own.start) : null,
    end_time: match ? milliseconds(match.own.end) : null,
    other_start_time: match ? milliseconds(match.other.start) : null,
    other_end_time: match ? milliseconds(match.other.end) : null,
    is_mirrored: duplicate.isMirrored,
    speed: milliseconds(duplicate.speed),
    flagged: duplicate.flagged,
    cluster_id: duplicate.clusterId,
    is_keeper: duplicate.isKeeper,
    verdict: duplicate.verdict,
  }
}

const milliseconds = (value: number) => Math.round(value * 1000) / 1000
