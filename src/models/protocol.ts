/** What the server's process and a model process say to each other, by structured clone. */
import {
  ConflictError,
  ForgeindexError,
  InvalidInputError,
  NotFoundError,
  PermanentError,
  TransientError,
  toError,
} from '../errors.ts'
import type { ModelFiles } from './clip.ts'
import type { Detection } from './detector/detector.ts'
import type { DetectorManifest, EmbeddingManifest, SpeechManifest } from './manifest.ts'
import type { SpeechResult } from './speech/result.ts'

/** Most images or texts in one request: the brief's batch. */
export const BATCH_SIZE = 16

/** A model as a request carries it; the process keeps each one it has loaded. */
export interface ModelToRun<Manifest> {
  /** Same text, same loaded model. */
  key: string
  manifest: Manifest
  files: ModelFiles
}

/** One unit of work, at most `BATCH_SIZE` items. */
export type Work =
  | { job: 'embed-images'; model: ModelToRun<EmbeddingManifest>; files: string[] }
  | { job: 'embed-texts'; model: ModelToRun<EmbeddingManifest>; texts: string[] }
  | { job: 'detect'; model: ModelToRun<DetectorManifest>; files: string[] }
  | { job: 'transcribe'; model: ModelToRun<SpeechManifest>; file: string }

/** What each job answers; embeddings are float32 [N * dims]. */
export interface WorkResult {
  'embed-images': Float32Array
  'embed-texts': Float32Array
  detect: Detection[][]
  transcribe: SpeechResult
}
export type AnyResult = WorkResult[keyof WorkResult]

export type ToModelProcess =
  | { type: 'run'; id: number; work: Work }
  | { type: 'cancel'; id: number }

export type FromModelProcess =
  | { type: 'done'; id: number; result: AnyResult }
  | { type: 'failed'; id: number; error: PackedError }
  /** Seconds of the recording that are transcribed. */
  | { type: 'progress'; id: number; seconds: number }

/** An error as it crosses between processes: classes do not. */
export interface PackedError {
  name: string
  code: string
  message: string
}

const CLASSES = {
  ConflictError,
  InvalidInputError,
  NotFoundError,
  PermanentError,
  TransientError,
}

/** Takes an error apart; one that is not ours becomes `model-failed`. */
export function packError(thrown: unknown): PackedError {
  const { name, message } = toError(thrown)
  const code = thrown instanceof ForgeindexError ? thrown.code : 'model-failed'
  return { name, code, message }
}

/** The error again, of its class; an unknown class becomes ForgeindexError (retried with back-off). */
export function unpackError({ name, code, message }: PackedError): Error {
  const Class = name in CLASSES ? CLASSES[name as keyof typeof CLASSES] : ForgeindexError
  return new Class(code, message)
}
