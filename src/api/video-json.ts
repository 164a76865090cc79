import { licenceOf } from '../licences/names.ts'
import { STEP_NAMES } from '../pipeline/step.ts'
import type { Moment } from '../search/moments.ts'
import type { Services } from '../services.ts'
import { annotationOf } from '../store/annotations.ts'
import { isDuplicate, nearDuplicatesOf } from '../store/duplicates.ts'
import { type Keyframe, keyframesOf } from '../store/keyframes.ts'
import { activitiesOf, conceptsOf, detectionsOf, type StoredDetection } from '../store/labels.ts'
import { modelsOfVideo, type StepModel } from '../store/models.ts'
import { qualityOf, type VideoQuality } from '../store/quality.ts'
import { storedShotsOf } from '../store/shots.ts'
import { type StepRun, stepRunsOf } from '../store/step-runs.ts'
import { tagsOf } from '../store/tags.ts'
import { transcriptOf } from '../store/transcripts.ts'
import { videoCountsOf, videoLabelsOf } from '../store/video-labels.ts'
import type { VideoSummary } from '../store/video-list.ts'
import { getVideo, type Video } from '../store/videos.ts'
import { duplicateJson } from './duplicate-json.ts'
import { evidenceJson } from './provenance-json.ts'
import { iso, isoOrNull } from './schemas/common.ts'
import type { Moment as MomentJson } from './schemas/search.ts'
import type { Detection as DetectionJson, Keyframe as KeyframeJson } from './schemas/video-parts.ts'
import type { ModelUsed, VideoDetail, VideoSummary as VideoSummaryJson } from './schemas/videos.ts'
import { segmentJson } from './transcript-json.ts'

export const videoUrl = (id: string, part: string) => `/api/videos/${id}/${part}`

/** One line of a list. */
export function summaryJson(video: VideoSummary): VideoSummaryJson {
  return {
    id: video.id,
    title: video.title,
    platform: video.platform,
    status: video.status,
    category: video.category,
    duration: video.duration,
    width: video.width,
    height: video.height,
    thumbnail_url: video.thumbnailKey ? videoUrl(video.id, 'thumbnail') : null,
    tags: video.tags,
    uploader: video.uploader,
    licence: video.licence,
    source_url: video.sourceUrl,
    is_duplicate: video.duplicateOfCount > 0,
    created_at: iso(video.createdAt),
  }
}

/** A moment of a search in one video. */
export function momentJson(videoId: string, moment: Moment): MomentJson {
  return {
    start_time: moment.startTime,
    end_time: moment.endTime,
    score: moment.score,
    keyframe_url: moment.keyframeId ? videoUrl(videoId, `keyframes/${moment.keyframeId}`) : null,
    reason: moment.reason,
    ...(moment.text === undefined ? {} : { text: moment.text }),
  }
}

/**
 * Everything about a video, or only the `fields` asked for; what is not asked for is not read.
 * @throws NotFoundError
 */
export async function loadVideoDetail(
  { database }: Services,
  id: string,
  fields: (keyof VideoDetail)[] | null,
): Promise<Partial<VideoDetail>> {
  const { db } = database
  const video = await getVideo(db, id)
  const parts: { [K in keyof VideoDetail]?: () => Promise<VideoDetail[K]> } = {
    tags: () => tagsOf(db, video.id),
    keyframes: async () =>
      (await keyframesOf(db, video.id)).map((keyframe) => keyframeJson(video.id, keyframe)),
    quality: async () => {
      const quality = await qualityOf(db, video.id)
      return quality && qualityJson(quality, video)
    },
    shots: async () =>
      (await storedShotsOf(db, video.id)).map((shot) => ({
        shot_index: shot.index,
        start_time: shot.startTime,
        end_time: shot.endTime,
        transition: shot.transition,
        strength: shot.strength === null ? null : rounded(shot.strength),
      })),
    detections: async () => (await detectionsOf(db, video.id)).map(detectionJson),
    concepts: async () =>
      (await conceptsOf(db, video.id)).map((concept) => ({
        keyframe_id: concept.keyframeId,
        timestamp: concept.timestamp,
        label: concept.label,
        score: concept.score,
        score_kind: concept.scoreKind,
        model_name: concept.modelName,
      })),
    activities: async () =>
      (await activitiesOf(db, video.id)).map((activity) => ({
        label: activity.label,
        start_time: activity.startTime,
        end_time: activity.endTime,
        confidence: activity.confidence,
        metadata: activity.metadata,
      })),
    transcript: async () => {
      const transcript = await transcriptOf(db, video.id)
      return transcript
        ? {
            full_text: transcript.fullText,
            language: transcript.language,
            model_name: transcript.modelName,
            source: transcript.source,
            segments: transcript.segments.map((segment) => segmentJson(segment, transcript.source)),
          }
        : null
    },
    duplicates: async () => (await nearDuplicatesOf(db, video.id)).map(duplicateJson),
    steps: async () => {
      const runs = new Map((await stepRunsOf(db, video.id)).map((run) => [run.step, run]))
      return STEP_NAMES.map((name) => stepJson(name, runs.get(name)))
    },
    annotation: () => annotationOf(db, video.id),
    is_duplicate: () => isDuplicate(db, video.id),
    keyframe_count: async () => (await videoCountsOf(db, video.id)).keyframes,
    detection_count: async () => (await videoCountsOf(db, video.id)).detections,
    objects_summary: async () =>
      (await videoLabelsOf(db, video.id)).map(
        ({ label, kind, count, tracks, maxConfidence, scoreKind }) => ({
          label,
          kind,
          count,
          tracks,
          max_confidence: rounded(maxConfidence),
          score_kind: scoreKind,
        }),
      ),
    models: async () => modelsJson(await modelsOfVideo(db, video.id)),
  }
  const wanted = (field: keyof VideoDetail) => fields === null || fields.includes(field)
  const detail: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(ownFields(video))) {
    if (wanted(field as keyof VideoDetail)) detail[field] = value
  }
  for (const [field, load] of Object.entries(parts)) {
    if (wanted(field as keyof VideoDetail)) detail[field] = await load()
  }
  return detail as Partial<VideoDetail>
}

function qualityJson(quality: VideoQuality, { width, height }: Video): VideoDetail['quality'] {
  const share = (value: number | null) => (value === null ? null : rounded(value))
  return {
    sharpness: quality.sharpness === null ? null : Math.round(quality.sharpness * 10) / 10,
    brightness: share(quality.brightness),
    clipped_share: share(quality.clippedShare),
    motion: share(quality.motion),
    black_share: share(quality.blackShare),
    frozen_share: share(quality.frozenShare),
    overlay_share: share(quality.overlayShare),
    slide_show: share(quality.slideShow),
    screen_recording: share(quality.screenRecording),
    speech_share: share(quality.speechShare),
    short_side: width === null || height === null ? null : Math.min(width, height),
  }
}

type ShownKeyframe = Pick<
  Keyframe,
  'id' | 'timestamp' | 'frameIndex' | 'isSceneChange' | 'shotIndex'
>

export function keyframeJson(videoId: string, keyframe: ShownKeyframe): KeyframeJson {
  return {
    id: keyframe.id,
    timestamp: keyframe.timestamp,
    frame_index: keyframe.frameIndex,
    is_scene_change: keyframe.isSceneChange,
    shot_index: keyframe.shotIndex,
    url: videoUrl(videoId, `keyframes/${keyframe.id}`),
  }
}

/** Five decimals: a tenth of a pixel, in half the text of all digits. */
export function detectionJson(detection: StoredDetection & { timestamp: number }): DetectionJson {
  return {
    keyframe_id: detection.keyframeId,
    timestamp: detection.timestamp,
    label: detection.label,
    source_label: detection.sourceLabel,
    confidence: rounded(detection.confidence),
    bbox_x: rounded(detection.x),
    bbox_y: rounded(detection.y),
    bbox_w: rounded(detection.w),
    bbox_h: rounded(detection.h),
    model_name: detection.modelName,
    track_id: detection.trackId,
    source: detection.source,
  }
}

const rounded = (share: number) => Math.round(share * 100_000) / 100_000

/** What each step's model is; the others use none. */
const MODEL_KINDS: Record<string, ModelUsed['kind']> = {
  embeddings: 'clip',
  dedup: 'clip',
  concepts: 'clip',
  transcription: 'speech',
  detection: 'detector',
}

/** Each model once, though several steps used it. */
function modelsJson(models: StepModel[]): ModelUsed[] {
  const used = new Map<string, ModelUsed>()
  for (const { step, name, revision, licence } of models) {
    const kind = MODEL_KINDS[step]
    if (kind && !used.get(name)?.revision) used.set(name, { name, revision, kind, licence })
  }
  return [...used.values()]
}

/** A step that has not run yet is pending. */
function stepJson(name: string, run: StepRun | undefined): VideoDetail['steps'][number] {
  if (!run) return { name, state: 'pending', seconds: null, counts: {} }
  return {
    name,
    state: run.state,
    ...(run.reason ? { reason: run.reason } : {}),
    ...(run.message ? { message: run.message } : {}),
    seconds: run.seconds,
    ...(run.modelName ? { model_name: run.modelName } : {}),
    ...(run.device ? { device: run.device } : {}),
    ...(run.profile ? { profile: run.profile } : {}),
    counts: run.counts,
  }
}

function ownFields(video: Video) {
  return {
    id: video.id,
    title: video.title,
    description: video.description,
    source_url: video.sourceUrl,
    platform: video.platform,
    status: video.status,
    category: video.category,
    duration: video.duration,
    width: video.width,
    height: video.height,
    fps: video.fps,
    has_audio: video.hasAudio,
    bytes: video.bytes,
    content_sha256: video.contentSha256,
    uploader: video.uploader,
    uploader_url: video.uploaderUrl,
    published_at: isoOrNull(video.publishedAt),
    licence: video.licence,
    licence_spdx: licenceOf(video.licence)?.id ?? null,
    licence_url: video.licenceUrl,
    licence_evidence: evidenceJson(video.licenceEvidence),
    media_url: video.storageKey ? videoUrl(video.id, 'media') : null,
    thumbnail_url: video.thumbnailKey ? videoUrl(video.id, 'thumbnail') : null,
    created_at: iso(video.createdAt),
    completed_at: isoOrNull(video.completedAt),
    query: video.query,
    retrieved_at: isoOrNull(video.fetchedAt),
    fetched_with: video.fetchedWith,
    failure: video.failure,
  }
}
