import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Settings } from '../config/settings.ts'
import { InvalidInputError } from '../errors.ts'
import { settingOf } from './catalog.ts'
import { downloadFile } from './download.ts'
import { installFault } from './download-faults.ts'
import { FileHashes } from './file-hashes.ts'
import { findManifest, type LocatedManifest, locateFile } from './find-manifest.ts'
import type { ModelFile, ModelManifest } from './manifest.ts'
import { KNOWN_MODELS, knownModel, type ModelJob, VAD_MODEL } from './registry.ts'

export interface InstallProgress {
  /** Path within the models folder. */
  file: string
  /** Bytes on disk so far, those of an earlier try included. */
  received: number
  /** Bytes in all; null while unknown. */
  total: number | null
}

export interface InstallOptions {
  signal?: AbortSignal | undefined
  onProgress?: ((progress: InstallProgress) => void) | undefined
  /** Longest silence of the other side in milliseconds; default 60,000. */
  stallTimeoutMs?: number | undefined
}

/**
 * Fetches what is missing of a model into the last of `settings.modelDirs`: each file from its
 * first source that has the right bytes, resumed where an earlier try was cut, checked by size and
 * sha256, then renamed into place. Two processes may do this at once. A speech model brings the
 * voice detector with it. Files already there, in any models folder, are left alone.
 *
 * @param name a known name (`ViT-B-32`, `yolox-nano`, `base`, …), the name or path the settings
 *   choose, or a job (`clip`, `detector`, `speech`) for the model that the settings choose for it
 * @throws InvalidInputError `unknown-model`, `model-not-downloadable`, `models-dir-not-writable`
 * @throws PermanentError `hash-mismatch`, `model-access-denied`; NotFoundError `model-file-missing`
 * @throws TransientError `hub-unreachable`, `hub-busy`, `download-interrupted`, `disk-full`
 */
export async function installModel(
  settings: Settings,
  name: string,
  options: InstallOptions = {},
): Promise<void> {
  const { job, located } = await modelToInstall(settings, name)
  const wanted: LocatedManifest[] = [located]
  if (job === 'speech') wanted.push({ manifest: VAD_MODEL, ownFolder: null })
  const folder = settings.modelDirs.at(-1) ?? path.join(settings.dataDir, 'models')
  const hashes = new FileHashes(folder)
  for (const { manifest, ownFolder } of wanted) {
    for (const file of manifest.files) {
      options.signal?.throwIfAborted()
      const found = await locateFile(settings, ownFolder, file.path)
      if (!found.file) await installFile(settings, folder, manifest, file, hashes, options)
    }
  }
}

async function modelToInstall(
  settings: Settings,
  name: string,
): Promise<{ job: ModelJob | 'vad'; located: LocatedManifest }> {
  if (name === VAD_MODEL.name)
    return { job: 'vad', located: { manifest: VAD_MODEL, ownFolder: null } }
  const jobs = ['clip', 'detector', 'speech', 'open-vocabulary'] as const
  const chosenFor = jobs.find(
    (job) =>
      job === name ||
      settingOf(settings, job) === name ||
      (job === 'clip' && settings.clipModel === name),
  )
  if (chosenFor) {
    const located = await findManifest(settings, chosenFor, settingOf(settings, chosenFor))
    return { job: chosenFor, located }
  }
  const known = knownModel(name)
  if (known) return { job: known.job, located: { manifest: known.manifest, ownFolder: null } }
  for (const job of jobs) {
    const selected = await findManifest(settings, job, settingOf(settings, job))
    if (selected.manifest.name === name) return { job, located: selected }
  }
  const names = [...KNOWN_MODELS.map((model) => model.manifest.name), VAD_MODEL.name]
  throw new InvalidInputError(
    'unknown-model',
    `There is no model ${JSON.stringify(name)}. Known: ${names.join(', ')}.`,
    { faults: [{ path: 'name', expected: names.join(' | '), got: name }] },
  )
}

async function installFile(
  settings: Settings,
  folder: string,
  { name: model, origin }: ModelManifest,
  file: ModelFile,
  hashes: FileHashes,
  options: InstallOptions,
): Promise<void> {
  const urls = [file.url, ...file.mirrors].flatMap((url) =>
    url === null ? [] : [URL.canParse(url) ? url : `${settings.hubUrl}/${url}`],
  )
  const [first] = urls
  if (!first) {
    throw new InvalidInputError(
      'model-not-downloadable',
      `${file.path} of ${model} cannot be fetched: put it into ${folder} (or another models folder) by hand.${origin ? ` ${origin}` : ''}`,
    )
  }
  const target = path.join(folder, file.path)
  try {
    await mkdir(path.dirname(target), { recursive: true })
  } catch (error) {
    throw installFault(error, folder)
  }
  const sha256 = file.sha256 ?? (await hashes.firstUseOf(first))
  const wanted = { target, name: file.path, bytes: file.bytes, sha256 }
  const fetched = await fromFirstSource(
    urls,
    (url) => downloadFile(url, wanted, options),
    options.signal,
  )
  if (file.sha256 === null) await hashes.trustFirstUse(first, fetched)
}

/** The first source's fault is the one reported: the others only stand in for it. */
async function fromFirstSource<T>(
  urls: string[],
  fetchFrom: (url: string) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  let fault: unknown
  for (const url of urls) {
    try {
      return await fetchFrom(url)
    } catch (error) {
      if (signal?.aborted || isLocal(error)) throw error
      fault ??= error
    }
  }
  throw fault
}

/** A full or read-only disk is the same whatever the source. */
function isLocal(error: unknown): boolean {
  return ['disk-full', 'models-dir-not-writable'].includes((error as { code?: string }).code ?? '')
}
