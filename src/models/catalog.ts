import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Settings } from '../config/settings.ts'
import { FileHashes } from './file-hashes.ts'
import { findManifest, type LocatedManifest, locateFile } from './find-manifest.ts'
import type { FileRole, ModelFile, ModelKind, ModelManifest } from './manifest.ts'
import { KNOWN_MODELS, type ModelJob, VAD_MODEL } from './registry.ts'

export type { ModelJob } from './registry.ts'

/** What a vector, box or transcript was made with. Never compare across two of these. */
export interface ModelRef {
  name: string
  /** The pinned revision when the files are that revision's, else `files-` and their hash. */
  revision: string
  kind: ModelKind
  dims: number | null
  licence: string
  /** For example `onnxruntime-node 1.30.0`. */
  runtime: string
  /** sha256 by role, of the files really there. */
  fileHashes: Record<string, string>
}

/** A model as the settings name it, and where its files are. */
export interface ResolvedModel {
  job: ModelJob
  ref: ModelRef
  installed: boolean
  /** One sentence per missing file: its name and where it was looked for. */
  missing: string[]
  manifest: ModelManifest
  /** Absolute path by role; holds only files that are there. */
  files: Partial<Record<FileRole, string>>
  /** State of each file when it was hashed, see `isAsResolved`. */
  states: Partial<Record<FileRole, string>>
}

/** One line of `forgeindex models list`. */
export interface ModelListing {
  name: string
  job: ModelJob | 'vad'
  /** Whether the settings name it. */
  selected: boolean
  installed: boolean
  /** Total size in bytes of all files, as installed or as known beforehand; null when neither. */
  bytes: number | null
  licence: string
  licenceNote: string | null
  missing: string[]
  /** Where `models pull` fetches from; empty when it cannot. */
  urls: string[]
  /** How to come by files that cannot be fetched; null when `models pull` does it. */
  origin: string | null
  /**
   * `pinned`: the bytes are fixed by hash. `first-use`: the hash of the first download is kept.
   * `by-hand`: put there by the user, and recorded under the hash of what is there.
   */
  verification: 'pinned' | 'first-use' | 'by-hand'
}

/** The version that runs the models, as recorded with everything they make. */
export const RUNTIME = `onnxruntime-node ${runtimeVersion()}`

/**
 * The model that the settings name for a job, or `name` in their way of naming, with its files looked
 * up in `settings.modelDirs` in order. A speech model's files include the voice detector's (role `vad`).
 *
 * @throws InvalidInputError `unknown-model` for a name that is no model and no file
 * @throws InvalidInputError `invalid-model-manifest`, NotFoundError `model-manifest-missing`
 */
export async function resolveModel(
  settings: Settings,
  job: ModelJob,
  name: string = settingOf(settings, job),
): Promise<ResolvedModel> {
  return resolveLocated(settings, job, await findManifest(settings, job, name))
}

/**
 * Every model known by name, plus those that the settings name by path.
 *
 * @throws InvalidInputError as `resolveModel`, when a setting names no model
 */
export async function listModels(settings: Settings): Promise<ModelListing[]> {
  const listings: ModelListing[] = []
  for (const job of ['clip', 'detector', 'speech', 'open-vocabulary'] as const) {
    const selected = await findManifest(settings, job, settingOf(settings, job))
    const known = KNOWN_MODELS.filter((model) => model.job === job).map((model) => model.manifest)
    const names = new Set(known.map((manifest) => manifest.name))
    for (const manifest of known) {
      const chosen = manifest.name === selected.manifest.name
      const located = chosen ? selected : { manifest, ownFolder: null }
      // One that only some tasks ask for is not missed, nor fetched unasked.
      listings.push(await listing(settings, job, located, chosen && job !== 'open-vocabulary'))
    }
    if (!names.has(selected.manifest.name)) {
      listings.push(await listing(settings, job, selected, true))
    }
  }
  listings.push(await listing(settings, 'vad', { manifest: VAD_MODEL, ownFolder: null }, true))
  return listings
}

/** The value of the setting that chooses a job's model; CLIP's two settings joined by `/`. */
export function settingOf(settings: Settings, job: ModelJob): string {
  if (job === 'detector') return settings.yoloModel
  if (job === 'speech') return settings.whisperModel
  if (job === 'open-vocabulary') return settings.openVocabularyModel
  return settings.clipModel.toLowerCase() === 'vit-b-32'
    ? `${settings.clipModel}/${settings.clipPretrained}`
    : settings.clipModel
}

/**
 * Whether the files of a resolved model are still those that were hashed, by size and time. Asked for
 * every picture, so not by way of the thread pool: that costs this thread five times as much.
 */
export function isAsResolved({ files, states }: ResolvedModel): boolean {
  return (Object.entries(files) as [FileRole, string][]).every(
    ([role, file]) => stateOf(file) === states[role],
  )
}

/** Undefined when there is no such file. */
function stateOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  return found && `${found.size} ${found.mtimeMs}`
}

async function resolveLocated(
  settings: Settings,
  job: ModelJob,
  located: LocatedManifest,
): Promise<ResolvedModel> {
  const { manifest } = located
  const own = await locateAll(settings, located)
  const needsVad = job === 'speech' && !manifest.files.some((file) => file.role === 'vad')
  const vad = needsVad
    ? await locateAll(settings, { manifest: VAD_MODEL, ownFolder: located.ownFolder })
    : { files: {}, missing: [] }
  const files = { ...own.files, ...vad.files }
  const parts = needsVad ? [...manifest.files, ...VAD_MODEL.files] : manifest.files
  const hashes = new FileHashes(settings.modelDirs.at(-1) ?? settings.dataDir)
  const fileHashes: Record<string, string> = {}
  const states: ResolvedModel['states'] = {}
  for (const [role, file] of Object.entries(files) as [FileRole, string][]) {
    const state = stateOf(file)
    if (state) states[role] = state
    fileHashes[role] = await hashes.hashOf(file)
  }
  const missing = [...own.missing, ...vad.missing]
  return {
    job,
    ref: {
      name: manifest.name,
      revision:
        missing.length > 0
          ? manifest.revision
          : actualRevision(manifest.revision, parts, fileHashes),
      kind: manifest.kind,
      dims: manifest.dims,
      licence: manifest.licence,
      runtime: RUNTIME,
      fileHashes,
    },
    installed: missing.length === 0,
    missing,
    manifest,
    files,
    states,
  }
}

async function locateAll(settings: Settings, located: LocatedManifest) {
  const files: Partial<Record<FileRole, string>> = {}
  const missing: string[] = []
  for (const file of located.manifest.files) {
    const found = await locateFile(settings, located.ownFolder, file.path)
    if (found.file) files[file.role] = found.file
    else missing.push(`${file.path} (looked in ${found.lookedIn.join(', ')})`)
  }
  return { files, missing }
}

/** A file put there by hand may be another export: then its revision is its content. */
function actualRevision(
  pinned: string,
  parts: readonly ModelFile[],
  fileHashes: Record<string, string>,
): string {
  const asPinned = parts.every(({ role, sha256 }) => !sha256 || sha256 === fileHashes[role])
  if (asPinned && parts.some(({ sha256 }) => sha256)) return pinned
  const hashes = parts.map(({ role }) => `${role}:${fileHashes[role]}`).sort()
  return `files-${createHash('sha256').update(hashes.join('\n')).digest('hex').slice(0, 12)}`
}

async function listing(
  settings: Settings,
  job: ModelJob | 'vad',
  located: LocatedManifest,
  selected: boolean,
): Promise<ModelListing> {
  const { manifest } = located
  let bytes: number | null = 0
  const missing: string[] = []
  for (const file of manifest.files) {
    const found = await locateFile(settings, located.ownFolder, file.path)
    if (!found.file) missing.push(`${file.path} (looked in ${found.lookedIn.join(', ')})`)
    const size = found.bytes ?? file.bytes
    bytes = size === null || bytes === null ? null : bytes + size
  }
  return {
    name: manifest.name,
    job,
    selected,
    installed: missing.length === 0,
    bytes,
    licence: manifest.licence,
    licenceNote: manifest.licenceNote ?? null,
    missing,
    urls: manifest.files.flatMap((file) =>
      file.url ? [URL.canParse(file.url) ? file.url : `${settings.hubUrl}/${file.url}`] : [],
    ),
    origin: manifest.origin ?? null,
    verification: manifest.files.every((file) => file.sha256)
      ? 'pinned'
      : manifest.files.some((file) => file.url)
        ? 'first-use'
        : 'by-hand',
  }
}

function runtimeVersion(): string {
  const found: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json')
  return (found as { version: string }).version
}
