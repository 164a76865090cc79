// Long because it holds the row type of every table, and nothing else.
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely'

/** Row types of every table, as migrations/*.sql make them. Rows do not leave `store/`. */
export interface Schema {
  models: ModelsTable
  model_choices: ModelChoicesTable
  videos: VideosTable
  keyframes: KeyframesTable
  shots: ShotsTable
  video_quality: VideoQualityTable
  keyframe_embeddings: KeyframeEmbeddingsTable
  keyframe_bits: KeyframeBitsTable
  video_embeddings: VideoEmbeddingsTable
  detections: DetectionsTable
  frame_concepts: FrameConceptsTable
  prompt_vectors: PromptVectorsTable
  activity_segments: ActivitySegmentsTable
  transcripts: TranscriptsTable
  transcript_segments: TranscriptSegmentsTable
  annotations: AnnotationsTable
  video_tags: VideoTagsTable
  video_labels: VideoLabelsTable
  video_counts: VideoCountsTable
  facet_values: FacetValuesTable
  video_documents: VideoDocumentsTable
  duplicate_pairs: DuplicatePairsTable
  duplicate_verdicts: DuplicateVerdictsTable
  video_prints: VideoPrintsTable
  ingestion_tasks: IngestionTasksTable
  candidates: CandidatesTable
  source_runs: SourceRunsTable
  task_notes: TaskNotesTable
  step_runs: StepRunsTable
  datasets: DatasetsTable
  dataset_videos: DatasetVideosTable
  dataset_exports: DatasetExportsTable
  events: EventsTable
  webhooks: WebhooksTable
  deliveries: DeliveriesTable
  forgotten_videos: ForgottenVideosTable
  forgotten_addresses: ForgottenAddressesTable
  rate_limits: RateLimitsTable
  leases: LeasesTable
}

export const VIDEO_STATUSES = [
  'pending',
  'downloading',
  'processing',
  'labeling',
  'completed',
  'failed',
] as const
export type VideoStatus = (typeof VIDEO_STATUSES)[number]

export const TASK_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]

export const STEP_STATES = ['pending', 'running', 'done', 'skipped', 'failed'] as const
export type StepState = (typeof STEP_STATES)[number]

export const EXPORT_FORMATS = ['zip'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export const EXPORT_STATES = ['pending', 'running', 'done', 'failed'] as const
export type ExportState = (typeof EXPORT_STATES)[number]

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export const CANDIDATE_STATES = ['found', 'accepted', 'rejected'] as const
export type CandidateState = (typeof CANDIDATE_STATES)[number]

/** Why a video failed, as stored and as shown. */
export interface VideoFailure {
  code: string
  step: string
  message: string
  retryable: boolean
}

/** One try to deliver a message. */
export interface DeliveryAttempt {
  /** ISO 8601. */
  at: string
  /** The answer's status code; null when none came. */
  status: number | null
  /** What went wrong; null when nothing did. */
  error: string | null
  ms: number
}

/** Where a video's file comes from. */
export interface FetchFrom {
  /** Page or file URL. */
  url: string
  /** Direct address of the media, when the source named one. */
  downloadUrl?: string
  /** Absolute path on the machine that ingested it. */
  localFile?: string
  /** Key of an uploaded file in the object store. */
  incomingKey?: string
  /** Hex, as the source states it. */
  sha1?: string
  thumbnailUrl?: string
  /** Captions that the source offered. */
  captions?: OfferedCaptions[]
}

type Json<T> = ColumnType<T, string, string>
type JsonOrNull<T> = ColumnType<T | null, string | null, string | null>
type Time = ColumnType<Date, Date | string, Date | string>
type TimeOrNull = ColumnType<Date | null, Date | string | null, Date | string | null>
type CreatedAt = ColumnType<Date, Date | string | undefined, never>

/** Models that were promoted or are on trial, by job. */
export interface ModelChoicesTable {
  job: 'clip' | 'detector' | 'speech'
  active: string | null
  promoted_at: Date | null
  trial: string | null
  trial_started_at: Date | null
}

export interface ModelsTable {
  id: Generated<number>
  name: string
  revision: string
  kind: string
  dims: number | null
  runtime: string
  licence: string
  file_hashes: JSONColumnType<Record<string, string>>
  created_at: CreatedAt
}

/** Captions that a source offers with a video, not fetched yet. */
export interface OfferedCaptions {
  /** An http(s) address, or null when the text is here. */
  url: string | null
  text?: string
  /** As the source names it; null when it does not say. */
  language: string | null
  kind: StoredCaptions['kind']
  format: StoredCaptions['format']
}

/** Captions that came with a video. */
export interface StoredCaptions {
  /** Object beside the video's file. */
  key: string
  /** As the platform names it (`en`, `pt-BR`); null when it does not say. */
  language: string | null
  /** Written by people, or by the platform's own speech model. */
  kind: 'human' | 'automatic'
  format: 'vtt' | 'srt'
}

/** A word of a segment with its times, as stored. */
export interface StoredWord {
  text: string
  start_time: number
  end_time: number
  /** 0–1. */
  probability: number
}

export interface VideosTable {
  id: Generated<string>
  source_url: string
  platform: string
  source_id: string
  title: string
  description: string | null
  duration: number | null
  resolution: string | null
  width: number | null
  height: number | null
  fps: number | null
  rotation: number | null
  has_audio: boolean | null
  bytes: number | null
  storage_key: string | null
  thumbnail_key: string | null
  captions: JsonOrNull<StoredCaptions>
  status: Generated<VideoStatus>
  category: Generated<string>
  taxonomy: string
  open_vocabulary: JsonOrNull<string[]>
  query: string | null
  uploader: string | null
  uploader_url: string | null
  published_at: TimeOrNull
  licence: string | null
  licence_url: string | null
  licence_evidence: JsonOrNull<unknown>
  content_sha256: string | null
  fetch_from: JsonOrNull<FetchFrom>
  fetched_with: string | null
  fetched_at: TimeOrNull
  failure: JsonOrNull<VideoFailure>
  run_id: string | null
  created_at: CreatedAt
  updated_at: ColumnType<Date, Date | string | undefined, Date | string>
  completed_at: TimeOrNull
}

export interface KeyframesTable {
  id: Generated<string>
  video_id: string
  timestamp: number
  frame_index: number
  shot_index: number
  is_scene_change: boolean
  scene_score: number
  storage_key: string
}

/** `embedding` travels as pgvector's text form `[0.1,0.2,…]`. */
export interface ShotsTable {
  video_id: string
  shot_index: number
  start_time: number
  end_time: number
  transition: 'start' | 'cut' | 'dissolve' | 'fade'
  strength: number | null
}

export interface VideoQualityTable {
  video_id: string
  sharpness: number | null
  brightness: number | null
  clipped_share: number | null
  motion: number | null
  black_share: number | null
  frozen_share: number | null
  overlay_share: number | null
  slide_show: number | null
  screen_recording: number | null
  speech_share: number | null
}

export interface KeyframeEmbeddingsTable {
  keyframe_id: string
  video_id: string
  model_id: number
  embedding: string
}

export interface KeyframeBitsTable {
  keyframe_id: string
  video_id: string
  model_id: number
  bits: string
}

export interface VideoEmbeddingsTable {
  video_id: string
  model_id: number
  model_name: string
  embedding: string
  created_at: CreatedAt
}

export interface DetectionsTable {
  id: Generated<number>
  keyframe_id: string
  label: string
  source_label: string
  confidence: number
  bbox_x: number
  bbox_y: number
  bbox_w: number
  bbox_h: number
  model_name: string
  track_id: number | null
  source: Generated<'detector' | 'open_vocabulary'>
}

export interface FrameConceptsTable {
  keyframe_id: string
  label: string
  score: number
  model_name: string
  score_kind: Generated<'softmax_share' | 'background_quantile'>
  is_weak: Generated<boolean>
}

export interface PromptVectorsTable {
  model_name: string
  model_revision: string
  texts_hash: string
  embedding: string
}

export interface ActivitySegmentsTable {
  id: Generated<number>
  video_id: string
  label: string
  start_time: number
  end_time: number
  confidence: number
  metadata: Json<Record<string, unknown>>
}

export interface TranscriptsTable {
  id: Generated<string>
  video_id: string
  full_text: string
  language: string | null
  model_name: string
  source: Generated<'whisper' | 'captions'>
  has_speech: GeneratedAlways<boolean>
  created_at: CreatedAt
}

export interface TranscriptSegmentsTable {
  id: Generated<number>
  transcript_id: string
  start_time: number
  end_time: number
  text: string
  avg_logprob: number | null
  no_speech_prob: number | null
  language: string | null
  words: JsonOrNull<StoredWord[]>
}

export interface AnnotationsTable {
  video_id: string
  data: Json<Record<string, unknown>>
  sha256: string
  created_at: ColumnType<Date, Date | string | undefined, Date | string>
}

export interface VideoTagsTable {
  video_id: string
  tag: string
  source: 'auto' | 'manual'
}

export interface VideoLabelsTable {
  video_id: string
  kind: 'object' | 'source' | 'concept' | 'activity'
  label: string
  count: number
  max_confidence: number
  is_repeat: Generated<boolean>
  tracks: number | null
  score_kind: 'softmax_share' | 'background_quantile' | null
}

export interface VideoCountsTable {
  video_id: string
  keyframes: number
  detections: number
  concepts: number
  activities: number
  facets: Generated<string>
}

export interface FacetValuesTable {
  id: Generated<number>
  kind: 'o' | 'a' | 't'
  label: string
}

export interface VideoDocumentsTable {
  video_id: string
  document: string
}

export interface DuplicatePairsTable {
  video_id_a: string
  video_id_b: string
  similarity: number
  model_name: string
  created_at: CreatedAt
  kind: DuplicateKind | null
  start_a: number | null
  end_a: number | null
  start_b: number | null
  end_b: number | null
  is_mirrored: Generated<boolean>
  speed: Generated<number>
  sameness: number | null
  is_duplicate: Generated<boolean>
}

/**
 * What two videos that look alike are to each other; `src/pipeline/dedup/compare.ts` tells.
 *
 * - `exact`: the same pictures bit by bit
 * - `re-encode`: the same pictures at the same times from end to end, whatever codec, size, crop,
 *   mirror, logo or speed
 * - `excerpt`: part of one is (part of) the other
 * - `same-scene`: not the same happens at the same time: another take, another event before the same
 *   camera. No duplicate.
 */
export const DUPLICATE_KINDS = ['exact', 're-encode', 'excerpt', 'same-scene'] as const
export type DuplicateKind = (typeof DUPLICATE_KINDS)[number]

/** What a person can say of two videos that look alike. */
export const DUPLICATE_VERDICTS = ['duplicate', 'different'] as const
export type DuplicateVerdict = (typeof DUPLICATE_VERDICTS)[number]

export interface DuplicateVerdictsTable {
  video_id_a: string
  video_id_b: string
  verdict: DuplicateVerdict
  created_at: CreatedAt
}

export interface VideoPrintsTable {
  video_id: string
  times: number[]
  prints: Uint8Array
}

/** `skip`: a video that looks like one the task has already is not taken. */
export const DUPLICATE_POLICIES = ['allow', 'skip'] as const
export type DuplicatePolicy = (typeof DUPLICATE_POLICIES)[number]

/** Where a task's discovery goes on. */
export interface DiscoveryPosition {
  /** 0 is the plain query, then the variants. */
  variant: number
  /** What the source was last asked for; null: the task's number. */
  limit: number | null
}

export interface IngestionTasksTable {
  id: Generated<string>
  query: string | null
  platform: string
  urls: Json<string[]>
  path: string | null
  taxonomy: string
  open_vocabulary: JsonOrNull<string[]>
  status: Generated<TaskStatus>
  max_videos: number
  discovery_done: Generated<boolean>
  videos_found: Generated<number>
  videos_processed: Generated<number>
  videos_failed: Generated<number>
  videos_duplicate: Generated<number>
  error_code: string | null
  error_message: string | null
  counted_at: TimeOrNull
  variants: ColumnType<string[], string | undefined, string>
  duplicates: Generated<DuplicatePolicy>
  min_relevance: number | null
  max_bytes: number | null
  max_seconds: number | null
  max_usd: number | null
  position: ColumnType<DiscoveryPosition, string | undefined, string>
  sources_ended: Generated<boolean>
  refill_due: Generated<boolean>
  created_at: CreatedAt
  started_at: TimeOrNull
  finished_at: TimeOrNull
}

export interface CandidatesTable {
  id: Generated<number>
  task_id: string
  platform: string
  source_id: string
  url: string
  title: string
  rank: number
  state: CandidateState
  reason_code: string | null
  reason: string | null
  video_id: string | null
  variant: string | null
  relevance: number | null
  judged_at: TimeOrNull
  replacement: Generated<boolean>
  bytes: number | null
  detail: JsonOrNull<unknown>
  created_at: CreatedAt
}

export interface SourceRunsTable {
  id: Generated<number>
  task_id: string
  platform: string
  actor: string
  input_hash: string
  input: Json<object>
  run_id: string | null
  dataset_id: string | null
  state: Generated<string>
  max_usd: number
  cost_usd: number | null
  started_at: CreatedAt
  finished_at: TimeOrNull
}

export interface TaskNotesTable {
  task_id: string
  code: string
  message: string
  count: Generated<number>
  created_at: CreatedAt
}

export interface StepRunsTable {
  video_id: string
  step: string
  position: number
  version: number
  input_hash: string
  model_name: string | null
  device: string | null
  profile: 'exact' | 'fast' | null
  state: StepState
  reason: string | null
  message: string | null
  counts: Json<Record<string, number>>
  seconds: number | null
  started_at: Time
  finished_at: TimeOrNull
}

export interface DatasetsTable {
  id: Generated<string>
  name: string
  description: string | null
  filters: Json<Record<string, unknown>>
  video_count: Generated<number>
  version: Generated<number>
  taxonomy: Json<Record<string, unknown>>
  total_seconds: Generated<number>
  filters_text: string | null
  removed_count: Generated<number>
  created_at: CreatedAt
}

export interface DatasetVideosTable {
  dataset_id: string
  version: number
  video_id: string
  position: number
  content_sha256: string
  annotation_sha256: string
  annotation: Json<Record<string, unknown>>
}

export interface DatasetExportsTable {
  id: Generated<string>
  dataset_id: string
  version: number
  format: ExportFormat
  state: Generated<ExportState>
  items_done: Generated<number>
  items_total: number
  bytes: number | null
  run_id: string | null
  error_message: string | null
  created_at: CreatedAt
  finished_at: TimeOrNull
}

export interface ForgottenVideosTable {
  video_id: string
  platform: string
  source_id: string
  url_sha256: string
  content_sha256: string | null
  reason: string
  forgotten_at: ColumnType<Date, Date | string | undefined, Date | string>
  objects: Json<string[]>
  swept_at: TimeOrNull
  allowed_at: TimeOrNull
}

export interface ForgottenAddressesTable {
  address_sha256: string
  video_id: string
}

export interface EventsTable {
  id: Generated<number>
  type: string
  task_id: string | null
  video_id: string | null
  data: Json<Record<string, unknown>>
  created_at: CreatedAt
}

export interface WebhooksTable {
  id: Generated<string>
  url: string
  description: string | null
  event_types: string[]
  task_id: string | null
  secret: string
  old_secret: string | null
  old_secret_until: TimeOrNull
  paused_until: TimeOrNull
  disabled_at: TimeOrNull
  disabled_reason: string | null
  delivered_at: TimeOrNull
  created_at: CreatedAt
}

export interface DeliveriesTable {
  id: Generated<string>
  webhook_id: string
  event_id: number | null
  type: string
  event_time: CreatedAt
  data: Json<Record<string, unknown>>
  state: Generated<DeliveryState>
  tries: Generated<number>
  due_at: ColumnType<Date, Date | string | undefined, Date | string>
  lease_id: string | null
  leased_until: TimeOrNull
  attempts: ColumnType<DeliveryAttempt[], string | undefined, string>
  created_at: CreatedAt
  finished_at: TimeOrNull
}

export interface RateLimitsTable {
  platform: string
  tokens: number
  refilled_at: Time
  cooldown_until: TimeOrNull
  cooldown_code: string | null
  strikes: Generated<number>
}

export interface LeasesTable {
  name: string
  slot: number
  holder: string
  held_until: Time
}
