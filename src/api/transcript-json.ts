import type { TranscriptSegment, TranscriptSource } from '../store/transcripts.ts'
import type { TranscriptSegment as SegmentJson } from './schemas/video-parts.ts'

/** One segment of a transcript; its source is the transcript's. */
export function segmentJson(
  segment: Pick<TranscriptSegment, 'startTime' | 'endTime' | 'text' | 'language' | 'words'>,
  source: TranscriptSource,
): SegmentJson {
  return {
    start_time: segment.startTime,
    end_time: segment.endTime,
    text: segment.text,
    language: segment.language,
    source,
    words:
      segment.words?.map((word) => ({
        text: word.text,
        start_time: word.startTime,
        end_time: word.endTime,
        probability: word.probability,
      })) ?? null,
  }
}
