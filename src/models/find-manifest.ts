import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { Settings } from '../config/settings.ts'
import { InvalidInputError } from '../errors.ts'
import { adaptForeignManifest, isForeignManifest } from './foreign-manifest.ts'
import {
  type DetectorManifest,
  type ModelKind,
  type ModelManifest,
  parseManifest,
  readJson,
} from './manifest.ts'
import { COCO_CLASSES } from './manifests/coco-classes.ts'
import { whisperManifest } from './manifests/speech.ts'
import { knownModel, knownNames, type ModelJob } from './registry.ts'

/** A manifest and the folder that its files are searched in before the models folders. */
export interface LocatedManifest {
  manifest: ModelManifest
  /** Absolute folder of the user's own manifest or model file; null for a known model. */
  ownFolder: string | null
}

const KIND_OF_JOB: Record<ModelJob, ModelKind> = {
  clip: 'image-text-embedding',
  detector: 'detector',
  speech: 'speech',
  'open-vocabulary': 'open-vocabulary',
}
const VARIABLE_OF_JOB: Record<ModelJob, string> = {
  clip: 'CLIP_MODEL',
  detector: 'YOLO_MODEL',
  speech: 'WHISPER_MODEL',
  'open-vocabulary': 'OPEN_VOCABULARY_MODEL',
}

/**
 * The manifest behind a name or a path, in this order: a path of the user's (manifest, `.onnx`
 * file, Whisper folder), a `<name>/model.json` in a models folder, a known name, an `.onnx` of
 * that name in a models folder (detectors).
 *
 * @throws InvalidInputError `unknown-model`, with the known names
 * @throws InvalidInputError `invalid-model-manifest`, NotFoundError `model-manifest-missing`
 */
export async function findManifest(
  settings: Settings,
  job: ModelJob,
  name: string,
): Promise<LocatedManifest> {
  const known = knownModel(name, job)
  if (!known && looksLikePath(name)) return fromPath(job, path.resolve(name))
  const folderName = known?.manifest.name ?? name
  for (const dir of settings.modelDirs) {
    const file = path.join(dir, folderName, 'model.json')
    if (await sizeOf(file)) return readManifest(job, file, folderName)
  }
  if (known) return { manifest: known.manifest, ownFolder: null }
  if (job === 'detector') {
    const model = `${name.replace(/\.(pt|onnx)$/i, '')}.onnx`
    const { file } = await locateFile(settings, null, model)
    if (file) return fromPath(job, file)
  }
  throw unknownModel(job, name)
}

/** Where a file of a model is, its size in bytes, and every folder that was looked in. */
export async function locateFile(
  settings: Settings,
  ownFolder: string | null,
  relative: string,
): Promise<{ file: string | null; bytes: number | null; lookedIn: string[] }> {
  const lookedIn = ownFolder ? [ownFolder, ...settings.modelDirs] : settings.modelDirs
  for (const dir of lookedIn) {
    const file = path.join(dir, relative)
    const bytes = await sizeOf(file)
    if (bytes) return { file, bytes, lookedIn }
  }
  return { file: null, bytes: null, lookedIn }
}

async function fromPath(job: ModelJob, file: string): Promise<LocatedManifest> {
  if (file.endsWith('.json')) return readManifest(job, file, '')
  if (job === 'detector' && file.endsWith('.onnx')) {
    if (!(await sizeOf(file))) throw unknownModel(job, file)
    return { manifest: detectorOfUser(path.basename(file)), ownFolder: path.dirname(file) }
  }
  if (job === 'speech') {
    const folder = path.basename(file)
    const parts = whisperManifest('base', 'local', {})
    return {
      manifest: {
        ...parts,
        name: folder,
        files: parts.files.map((part) => ({
          ...part,
          path: part.path.replace(/^whisper-base\//, ''),
          url: null,
        })),
      },
      ownFolder: file,
    }
  }
  throw unknownModel(job, file)
}

async function readManifest(
  job: ModelJob,
  file: string,
  folderName: string,
): Promise<LocatedManifest> {
  const value = await readJson(file)
  const inModelsFolder = folderName !== ''
  const manifest = isForeignManifest(value)
    ? adaptForeignManifest(value, folderName, file)
    : parseManifest(value, file)
  if (manifest.kind !== KIND_OF_JOB[job]) {
    throw new InvalidInputError(
      'invalid-model-manifest',
      `${VARIABLE_OF_JOB[job]} needs a manifest of kind ${KIND_OF_JOB[job]}, but ${file} is of kind ${manifest.kind}.`,
    )
  }
  const folder = path.dirname(file)
  return { manifest, ownFolder: inModelsFolder ? path.dirname(folder) : folder }
}

/** A detector of which nothing is known but the file: COCO classes, type by its output shape. */
function detectorOfUser(file: string): DetectorManifest {
  return {
    name: file.replace(/\.onnx$/, ''),
    kind: 'detector',
    revision: 'local',
    licence: 'unknown (a file of yours)',
    dims: null,
    family: 'auto',
    classes: COCO_CLASSES,
    files: [{ role: 'model', path: file, url: null, mirrors: [], bytes: null, sha256: null }],
  }
}

function looksLikePath(name: string): boolean {
  if (path.isAbsolute(name) || /^\.{1,2}[/\\]/.test(name) || name.endsWith('.json')) return true
  return /[/\\]/.test(name) && existsSync(name)
}

function unknownModel(job: ModelJob, name: string): InvalidInputError {
  const known = knownNames(job)
  return new InvalidInputError(
    'unknown-model',
    `${VARIABLE_OF_JOB[job]} is ${JSON.stringify(name)}, which is neither a known model nor a file. Known: ${known.join(', ')}; or give the path of a manifest${job === 'detector' ? ' or of an .onnx file' : ''}.`,
    { faults: [{ path: VARIABLE_OF_JOB[job], expected: known.join(' | '), got: name }] },
  )
}

/** Size in bytes of a regular file; null when there is none. */
async function sizeOf(file: string): Promise<number | null> {
  try {
    const found = await stat(file)
    return found.isFile() && found.size > 0 ? found.size : null
  } catch {
    // Not there or not readable: either way not usable.
    return null
  }
}
