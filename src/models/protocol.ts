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
import type {
  DetectorManifest,
  EmbeddingManifest,
  OpenVocabularyManifest,
  SpeechManifest,
} from './manifest.ts'
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

/** Each kind of work: the model it takes, one item that goes in and what comes back for it. */
export interface Jobs {
  /** An image file; a vector [dims] of length 1. */
  'embed-images': { manifest: EmbeddingManifest; item: string; result: Float32Array }
  'embed-texts': { manifest: EmbeddingManifest; item: string; result: Float32Array }
  /** An image file; its objects, most confident first. */
  detect: { manifest: DetectorManifest; item: string; result: Detection[] }
  /** An image file and the words to look for; what was found, a word as its label. */
  'find-words': {
    manifest: OpenVocabularyManifest
    item: { file: string; words: string[] }
    result: Detection[]
  }
  /** A WAV file; `words`: times of words as well. */
  transcribe: {
    manifest: SpeechManifest
    item: { file: string; words: boolean }
    result: SpeechResult
  }
}
export type Job = keyof Jobs
export type AnyItem = Jobs[Job]['item']
export type AnyResult = Jobs[Job]['result']

/** A model for a kind of work. */
export type ModelForJob = { [J in Job]: { job: J; model: ModelToRun<Jobs[J]['manifest']> } }[Job]

/** One unit of work: at most `BATCH_SIZE` items, which may come from several calls. */
export type Work = {
  [J in Job]: { job: J; model: ModelToRun<Jobs[J]['manifest']>; items: Jobs[J]['item'][] }
}[Job]

/** How one item of a unit went. */
export type Outcome = { value: AnyResult } | { error: PackedError }

/** What a model process is started with. */
export interface ModelProcessOptions {
  /** CPU threads of one run, at least 1. */
  threads: number
  device: DeviceSetting
  /** Added to the priority number that the program runs with (`nice`); 0 leaves it. */
  niceness: number
  /** Where networks brought to 8 bits are kept, see `EightBitImages`; null: none are used. */
  eightBitFolder: string | null
}

/** Where models shall run; `auto` takes a GPU when the runtime can use one here. */
export type DeviceSetting = 'auto' | 'cpu' | 'cuda' | 'coreml'

export type ToModelProcess =
  /** Lower `priority` numbers run first. */
  | { type: 'run'; id: number; priority: number; work: Work }
  /** Nobody waits for these items (their indexes) any more. */
  | { type: 'cancel'; id: number; items: number[] }
  /** Load a model now, because work for it is coming. Not answered. */
  | { type: 'load'; what: ModelForJob }

export type NoteLevel = 'info' | 'warn'

/** Hears a sentence for the log; without a level it is something to mend. */
export type OnNote = (message: string, level?: NoteLevel) => void

export type FromModelProcess =
  /** The unit's turn has come: its model is loaded, or the loading begins. */
  | { type: 'started'; id: number }
  /** A piece of the unit is done. */
  | { type: 'alive'; id: number }
  | ({ type: 'done'; id: number; outcomes: Outcome[] } & UnitFacts)
  /** Seconds of the recording that are transcribed. */
  | { type: 'progress'; id: number; seconds: number }
  /** A sentence for the log: news, or something to mend. */
  | { type: 'note'; message: string; level: NoteLevel }

/** What a model process tells about itself with each unit. */
export interface UnitFacts {
  /** Where the model's sessions were opened: `cpu`, `cuda`, …; several joined by `+`. */
  device: string
  /** Milliseconds of running, without loading and waiting. */
  runMs: number
  /** Resident memory of the process, in bytes. */
  residentBytes: number
}

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
