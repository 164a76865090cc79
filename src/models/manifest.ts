import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { type InputFault, InvalidInputError, NotFoundError, toError } from '../errors.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits')

/**
 * Relative to a models folder, with `/`; never leaves it. The check is on parts, so that neither
 * `a/../../b` nor an absolute path can place a download elsewhere.
 */
const relativePath = z
  .string()
  .min(1)
  .refine(
    (name) =>
      !/^([/\\]|[a-z]:)|\\|\0/i.test(name) &&
      !name.split('/').some((part) => /^\.{0,2}$/.test(part)),
    'a relative path without ..',
  )

/** What a file is for; each kind of model names the roles it needs. */
const fileRole = z.enum([
  'image',
  'text',
  'tokenizer',
  'model',
  'encoder',
  'decoder',
  'config',
  'generationConfig',
  'preprocessorConfig',
  'vad',
])

const modelFile = z.strictObject({
  role: fileRole,
  /** Where it lies in a models folder, for example `whisper-base/config.json`. */
  path: relativePath,
  /** `owner/name/resolve/<revision>/<file>` on the hub, or a whole URL; null: cannot be fetched. */
  url: z.string().min(1).nullable().default(null),
  /** Further whole or hub URLs of the same bytes, tried in order. */
  mirrors: z.array(z.string().min(1)).default([]),
  /** Exact size in bytes; null when not known. */
  bytes: z.number().int().positive().nullable().default(null),
  /** Null: not known beforehand, so the hash of the first download is kept and asked for later. */
  sha256: sha256.nullable().default(null),
})

const common = {
  name: z.string().min(1).max(100),
  /** The hub's commit or a version; part of what makes two vectors comparable. */
  revision: z.string().min(1),
  /** SPDX identifier, or a sentence when there is none. */
  licence: z.string().min(1),
  /** What a user must know before using it commercially; shown by doctor and the exports. */
  licenceNote: z.string().optional(),
  /** How to come by files that have no URL here, since no copy of known content is known to us. */
  origin: z.string().optional(),
  files: z.array(modelFile).min(1),
}

const triple = z.tuple([z.number(), z.number(), z.number()])

const embeddingManifest = z.strictObject({
  ...common,
  kind: z.literal('image-text-embedding'),
  /** Length of both vectors. */
  dims: z.number().int().positive(),
  image: z.strictObject({
    /** float32 [N, 3, size, size], RGB, (v / 255 - mean) / std. */
    input: z.string(),
    output: z.string(),
    size: z.number().int().positive(),
    mean: triple,
    std: triple,
  }),
  text: z.strictObject({
    /** int64 or int32 [N, L]. */
    ids: z.string(),
    /** 1 for a token, 0 for padding; null when the model takes none. */
    mask: z.string().nullable(),
    output: z.string(),
    /** Longest text in tokens, the special ones included. */
    maxTokens: z.number().int().min(3),
    padId: z.number().int().min(0),
  }),
})

const detectorManifest = z.strictObject({
  ...common,
  kind: z.literal('detector'),
  dims: z.null().default(null),
  /** How its output is read; `auto` looks at the shapes. */
  family: z.enum(['yolox', 'yolov8', 'dfine', 'rtdetr', 'fastestdet', 'auto']).default('auto'),
  /** Label of each class, in output order. */
  classes: z.array(z.string().min(1)).min(1),
})

/** A detector that is given words to look for, with the interface of OWLv2's export. */
const openVocabularyManifest = z.strictObject({
  ...common,
  kind: z.literal('open-vocabulary'),
  dims: z.null().default(null),
  image: z.strictObject({
    /** float32 [1, 3, size, size], RGB, (v / 255 - mean) / std, the picture at the top left. */
    input: z.string(),
    size: z.number().int().positive(),
    mean: triple,
    std: triple,
  }),
  text: z.strictObject({
    /** int64 or int32 [words, maxTokens]. */
    ids: z.string(),
    mask: z.string(),
    maxTokens: z.number().int().min(3),
    padId: z.number().int().min(0),
    /** What a word is put into, at `{}`. */
    template: z.string().includes('{}'),
  }),
  output: z.strictObject({
    /** float32 [1, boxes, words]; its sigmoid is the confidence. */
    logits: z.string(),
    /** float32 [1, boxes, 4]: centre and size as shares of the square. */
    boxes: z.string(),
  }),
  minConfidence: z.number().min(0).max(1),
})

const speechManifest = z.strictObject({
  ...common,
  kind: z.literal('speech'),
  dims: z.null().default(null),
})

const vadManifest = z.strictObject({
  ...common,
  kind: z.literal('vad'),
  dims: z.null().default(null),
})

const manifest = z.discriminatedUnion('kind', [
  embeddingManifest,
  detectorManifest,
  openVocabularyManifest,
  speechManifest,
  vadManifest,
])

export type FileRole = z.infer<typeof fileRole>
export type ModelFile = z.infer<typeof modelFile>
export type EmbeddingManifest = z.infer<typeof embeddingManifest>
export type DetectorManifest = z.infer<typeof detectorManifest>
export type OpenVocabularyManifest = z.infer<typeof openVocabularyManifest>
export type SpeechManifest = z.infer<typeof speechManifest>
export type VadManifest = z.infer<typeof vadManifest>
/** Everything needed to fetch, check and run one model. */
export type ModelManifest = z.infer<typeof manifest>
export type ModelKind = ModelManifest['kind']

/** Roles without which a model of that kind cannot run. */
export const REQUIRED_ROLES: Record<ModelKind, readonly FileRole[]> = {
  'image-text-embedding': ['image', 'text', 'tokenizer'],
  detector: ['model'],
  'open-vocabulary': ['model', 'tokenizer'],
  speech: ['encoder', 'decoder', 'tokenizer', 'config', 'generationConfig', 'preprocessorConfig'],
  vad: ['vad'],
}

/**
 * A manifest from parsed JSON, every fault reported together.
 *
 * @param source how a message names it: a path or a model's name
 * @throws InvalidInputError `invalid-model-manifest`
 */
export function parseManifest(value: unknown, source: string): ModelManifest {
  const parsed = manifest.safeParse(value)
  const faults: InputFault[] = parsed.success
    ? missingRoles(parsed.data)
    : parsed.error.issues.map((issue) => ({
        path: issue.path.join('.') || '(whole file)',
        expected: issue.message,
        got: 'a value that does not fit',
      }))
  if (parsed.success && faults.length === 0) return parsed.data
  throw new InvalidInputError(
    'invalid-model-manifest',
    `The model manifest ${source} is wrong:\n  ${faults
      .map((fault) => `${fault.path}: ${fault.expected}`)
      .join('\n  ')}`,
    { faults },
  )
}

/**
 * JSON of a file.
 *
 * @throws NotFoundError `model-manifest-missing` when there is no such file
 * @throws InvalidInputError `invalid-model-manifest` when it is no JSON
 */
export async function readJson(file: string): Promise<unknown> {
  let content: string
  try {
    content = await readFile(file, 'utf8')
  } catch (cause) {
    throw new NotFoundError(
      'model-manifest-missing',
      `Expected a model manifest at ${file}, but it cannot be read: ${toError(cause).message}`,
      { cause },
    )
  }
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw new InvalidInputError(
      'invalid-model-manifest',
      `The model manifest ${file} is not JSON: ${toError(cause).message}`,
      { cause },
    )
  }
}

function missingRoles(found: ModelManifest): InputFault[] {
  const present = new Set(found.files.map((file) => file.role))
  return REQUIRED_ROLES[found.kind]
    .filter((role) => !present.has(role))
    .map((role) => ({ path: 'files', expected: `one file with role ${role}`, got: 'none' }))
}
