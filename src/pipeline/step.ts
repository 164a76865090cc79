import type { Db, Trx } from '../config/database.ts'
import type { Settings } from '../config/settings.ts'
import type { Storage } from '../config/storage.ts'
import type { Logger } from '../log.ts'
import type { ModelHost } from '../models/host.ts'
import type { Keyframe } from '../store/keyframes.ts'
import type { Video } from '../store/videos.ts'
import type { PictureJob } from './look-ahead.ts'
import type { VideoFiles } from './video-files.ts'

export const STEP_NAMES = [
  'frames',
  'embeddings',
  'dedup',
  'transcription',
  'detection',
  'concepts',
  'activity',
  'annotation',
] as const
export type StepName = (typeof STEP_NAMES)[number]

/** What decides a step's outcome besides the steps before it. */
export interface StepInputs {
  video: Video
  settings: Settings
  models: Pick<ModelHost, 'describe'>
}

/** What a step may use. Steps hand over to each other through the database and the object store only. */
export interface StepContext extends StepInputs {
  db: Db
  storage: Storage
  models: ModelHost
  logger: Logger
  /** What is going to be asked about each keyframe or the sound for sure; the frames step may begin with it. */
  jobsAhead: readonly (PictureJob | 'speech')[]
  /** Local copies of the video's objects for as long as this run lasts. */
  files: VideoFiles
  /** The video's keyframes in presentation order; read anew after the frames step. */
  keyframes(): Promise<Keyframe[]>
  /** Every wait of a step ends when this is aborted. */
  signal: AbortSignal
}

/** What a step found, not yet written. */
export interface StepReport {
  counts: Record<string, number>
  modelName?: string
  /** Where the model really ran: `cpu`, `cuda`, …; null when it did not. */
  device?: string | null
  /** A sentence for the user about something that is not an error. */
  message?: string
  /** Set when the step ran and there was nothing to do: it counts as skipped, with this reason. */
  skipped?: string
  /**
   * Writes the step's rows in the transaction that also writes its checkpoint. Replaces what an
   * earlier run wrote, so that running a step twice gives the same rows.
   */
  write(trx: Trx): Promise<void>
}

/**
 * One swappable stage of the work on one video.
 *
 * @throws SkipStep when it cannot run here (its model is not installed); the video goes on
 * @throws PermanentError when the video can never pass it; the video fails
 * @throws TransientError when it may pass later; the video is tried again
 */
export interface PipelineStep {
  readonly name: StepName
  /** Raised when the same input would give other rows than before. */
  readonly version: number
  /** The status that the video shows while the step runs. */
  readonly phase: 'processing' | 'labeling'
  /** Steps whose rows this one reads. */
  readonly after: StepName[]
  /**
   * What, besides the video's content and the steps before it, decides the outcome: model,
   * thresholds, taxonomy. Serialisable. A change makes the step's earlier run stale.
   */
  fingerprint(inputs: StepInputs): Promise<unknown>
  run(context: StepContext): Promise<StepReport>
}
