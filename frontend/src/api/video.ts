import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Forgotten, Provenance } from '../../../src/api/schemas/provenance.ts'
import type {
  AnnotationOutline,
  AnnotationPart,
  Detection,
  DetectionPage,
  Keyframe,
  KeyframePage,
  MomentsAnswer,
  Timeline,
  TranscriptPage,
  TranscriptSegment,
} from '../../../src/api/schemas/video-parts.ts'
import type { Activity, Quality, Tag, VideoDetail } from '../../../src/api/schemas/videos.ts'
import { request } from './client.ts'

export type {
  AnnotationOutline,
  AnnotationPart,
  Detection,
  Keyframe,
  MomentsAnswer,
  Provenance,
  Quality,
  Tag,
  Timeline,
  TranscriptSegment,
  VideoDetail,
}

/**
 * The parts of a video's detail that are small whatever its length. Keyframes, boxes, speech and the
 * annotation come by window from routes of their own.
 */
const SMALL_FIELDS = [
  'id',
  'title',
  'description',
  'source_url',
  'platform',
  'status',
  'category',
  'duration',
  'width',
  'height',
  'fps',
  'has_audio',
  'bytes',
  'content_sha256',
  'uploader',
  'uploader_url',
  'published_at',
  'licence',
  'licence_spdx',
  'licence_url',
  'media_url',
  'thumbnail_url',
  'created_at',
  'completed_at',
  'retrieved_at',
  'query',
  'tags',
  'duplicates',
  'is_duplicate',
  'steps',
  'models',
  'objects_summary',
  'keyframe_count',
  'detection_count',
  'failure',
  'quality',
] as const

export type SmallVideo = Pick<VideoDetail, (typeof SMALL_FIELDS)[number]>

export const videoQuery = (id: string) =>
  queryOptions({
    queryKey: ['video', id, 'detail'],
    queryFn: ({ signal }) =>
      request<SmallVideo>(`/api/videos/${id}`, { query: { fields: SMALL_FIELDS }, signal }),
  })

/** Where it is from, and what may be done with it. */
export const provenanceQuery = (id: string) =>
  queryOptions({
    queryKey: ['video', id, 'provenance'],
    queryFn: ({ signal }) => request<Provenance>(`/api/videos/${id}/provenance`, { signal }),
  })

/** `count` keyframes evenly spread over the video, for scrubbing a thumbnail. */
export const keyframeSampleQuery = (id: string, count: number) =>
  queryOptions({
    queryKey: ['video', id, 'keyframes', 'sample', count],
    queryFn: ({ signal }) =>
      request<KeyframePage>(`/api/videos/${id}/keyframes`, { query: { sample: count }, signal }),
    staleTime: 300_000,
  })

/** `count` keyframes evenly spread over a window. */
export const keyframeWindowSampleQuery = (
  id: string,
  { from, to }: { from: number; to: number },
  count: number,
) =>
  queryOptions({
    queryKey: ['video', id, 'keyframes', 'sample', count, from, to],
    queryFn: ({ signal }) =>
      request<KeyframePage>(`/api/videos/${id}/keyframes`, {
        query: { from, to, sample: count },
        signal,
      }),
    staleTime: 300_000,
  })

/** Lanes of the timeline from `from` to `to` (seconds) at a resolution (seconds). */
export const timelineQuery = (
  id: string,
  window: { from: number; to: number; resolution: number } | null,
) =>
  queryOptions({
    queryKey: ['video', id, 'timeline', window],
    queryFn: ({ signal }) =>
      request<Timeline>(`/api/videos/${id}/timeline`, { query: { ...window }, signal }),
    staleTime: 60_000,
  })

export const detectionsQuery = (id: string, window: { from: number; to: number }) =>
  queryOptions({
    queryKey: ['video', id, 'detections', window],
    queryFn: async ({ signal }) => {
      const all: Detection[] = []
      let cursor: string | null = null
      do {
        const page: DetectionPage = await request<DetectionPage>(`/api/videos/${id}/detections`, {
          query: { ...window, limit: 1500, cursor },
          signal,
        })
        all.push(...page.items)
        cursor = page.next_cursor
      } while (cursor)
      return all
    },
    staleTime: 60_000,
  })

/** The surest box of a label; null when there is none of that confidence any more. */
export async function bestDetection(
  id: string,
  label: string,
  confidence: number,
): Promise<Detection | null> {
  const { items } = await request<DetectionPage>(`/api/videos/${id}/detections`, {
    // A hair less: the summary's number and the stored one may be rounded differently.
    query: { labels: label, min_confidence: Math.max(0, confidence - 1e-4), limit: 1 },
  })
  return items[0] ?? null
}

/** With more keyframes than this the evidence names so many of them that it would be too much. */
const MAX_EVIDENCE_KEYFRAMES = 2000

/** All activity segments in order of time; of a very long video without what the rules went by. */
export const activitiesQuery = (id: string, keyframeCount: number) =>
  queryOptions({
    queryKey: ['video', id, 'activities'],
    queryFn: async ({ signal }): Promise<Activity[]> => {
      if (keyframeCount > MAX_EVIDENCE_KEYFRAMES) {
        const timeline = await request<Timeline>(`/api/videos/${id}/timeline`, { signal })
        return timeline.activities
          .map((activity) => ({ ...activity, metadata: {} }))
          .sort((a, b) => a.start_time - b.start_time)
      }
      const { activities } = await request<Pick<VideoDetail, 'activities'>>(`/api/videos/${id}`, {
        query: { fields: ['activities'] },
        signal,
      })
      return activities
    },
  })

export const keyframesQuery = (id: string, window: { from: number; to: number }) =>
  queryOptions({
    queryKey: ['video', id, 'keyframes', window],
    queryFn: ({ signal }) =>
      request<KeyframePage>(`/api/videos/${id}/keyframes`, {
        query: { ...window, limit: 1000 },
        signal,
      }),
    staleTime: 60_000,
  })

export const transcriptQuery = (id: string, q: string) =>
  infiniteQueryOptions({
    queryKey: ['video', id, 'transcript', q],
    queryFn: ({ signal, pageParam }) =>
      request<TranscriptPage>(`/api/videos/${id}/transcript`, {
        query: { q, limit: 500, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    staleTime: 60_000,
  })

export const momentsQuery = (id: string, q: string) =>
  queryOptions({
    queryKey: ['video', id, 'moments', q],
    queryFn: ({ signal }) =>
      request<MomentsAnswer>(`/api/videos/${id}/moments`, { query: { q, limit: 50 }, signal }),
    enabled: q !== '',
    staleTime: 60_000,
  })

export const annotationOutlineQuery = (id: string) =>
  queryOptions({
    queryKey: ['video', id, 'annotation'],
    queryFn: ({ signal }) =>
      request<AnnotationOutline>(`/api/videos/${id}/annotation/outline`, { signal }),
  })

export const annotationPartQuery = (id: string, part: string, offset: number, limit = 50) =>
  queryOptions({
    queryKey: ['video', id, 'annotation', part, offset, limit],
    queryFn: ({ signal }) =>
      request<AnnotationPart>(`/api/videos/${id}/annotation/${encodeURIComponent(part)}`, {
        query: { offset, limit },
        signal,
      }),
  })

/** One part in stretches of fifty entries. */
export const annotationPartPagesQuery = (id: string, part: string) =>
  infiniteQueryOptions({
    queryKey: ['video', id, 'annotation', part, 'pages'],
    queryFn: ({ signal, pageParam }) =>
      request<AnnotationPart>(`/api/videos/${id}/annotation/${encodeURIComponent(part)}`, {
        query: { offset: pageParam, limit: 50 },
        signal,
      }),
    initialPageParam: 0,
    getNextPageParam: ({ offset, total, items, entries }) => {
      const next = offset + (items ?? entries ?? []).length
      return next > offset && next < total ? next : null
    },
    staleTime: 60_000,
  })

export const addTag = (id: string, tag: string) =>
  request<Tag>(`/api/videos/${id}/tags`, { method: 'POST', body: { tag } })

export const removeTag = (id: string, tag: string) =>
  request<null>(`/api/videos/${id}/tags/${encodeURIComponent(tag)}`, { method: 'DELETE' })

export const reprocess = (id: string) =>
  request<{ id: string; status: string }>(`/api/videos/${id}/reprocess`, { method: 'POST' })

/** Removes it for good; it is never fetched again. */
export const forgetVideo = (id: string, reason: string) =>
  request<Forgotten>(`/api/videos/${id}/forget`, { method: 'POST', body: { reason } })
