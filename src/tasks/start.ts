import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { MAX_VIDEOS } from '../api/schemas/tasks.ts'
import { InvalidInputError, NotFoundError, toError } from '../errors.ts'
import type { Platform } from '../ingestion/discovery/source.ts'
import { guardOf } from '../ingestion/guard.ts'
import { parseWish } from '../ingestion/recognise.ts'
import { type ArchiveEndpoints, platformOfUrl } from '../ingestion/urls.ts'
import { queryVariants } from '../labeling/expansion.ts'
import { DEFAULT_MIN_RELEVANCE } from '../labeling/relevance.ts'
import { loadTaxonomy, type Taxonomy } from '../labeling/taxonomy.ts'
import type { Services } from '../services.ts'
import { recordEvent } from '../store/events.ts'
import { createTask, type NewTask, type TaskRules } from '../store/tasks.ts'

/** An ingestion as it was asked for; null for what was left open. */
export interface TaskWish {
  query: string | null
  /** `upload` is the upload route's own: its path is the prefix of its objects. */
  platform: Platform | null
  urls: string[]
  path: string | null
  maxVideos: number | null
  taxonomy: string | null
  /** Words for the open-vocabulary detector; [] the taxonomy's, null or absent: it is not used. */
  openVocabulary?: string[] | null
  /**
   * How to choose and what it may cost; what is absent is not limited, but for the relevance of a search,
   * which is then asked for as far as frames can tell it.
   */
  rules?: Partial<Omit<TaskRules, 'variants'>>
  /** Search with the taxonomy's words too, once the plain query brings no more. */
  expand?: boolean
}

const DEFAULT_MAX_VIDEOS = 20

/**
 * Checks an ingestion request, makes its task and the job that carries it out, in one transaction.
 * Returns the task's id: `id` where one was given.
 *
 * @throws InvalidInputError saying what is missing or wrong
 */
export async function startTask(
  services: Services,
  wish: TaskWish,
  caller: { isLocalUser: boolean },
  id?: string,
): Promise<string> {
  const task = await planTask(services, wish, caller)
  if (
    task.query !== null &&
    wish.rules?.minRelevance === undefined &&
    (await seesFrames(services))
  ) {
    task.minRelevance = DEFAULT_MIN_RELEVANCE
  }
  return await services.database.db.transaction().execute(async (trx) => {
    const { id: taskId } = await createTask(trx, id ? { ...task, id } : task)
    await services.queue.enqueue('ingest', { taskId }, { transaction: trx })
    await recordEvent(trx, 'task.updated', { taskId }, { task_id: taskId, status: 'pending' })
    return taskId
  })
}

/** By words alone nothing is turned down unless that was asked for: titles come in all languages. */
async function seesFrames({ models }: Services): Promise<boolean> {
  return (await models.describe('clip')).installed
}

/** The task that a request means, not yet made. @throws InvalidInputError saying what is wrong */
export async function planTask(
  { settings }: Pick<Services, 'settings'>,
  wish: TaskWish,
  { isLocalUser }: { isLocalUser: boolean },
): Promise<NewTask> {
  const words = wish.query ? parseWish(wish.query) : { query: null, maxVideos: null }
  const taxonomy = wish.taxonomy ?? settings.taxonomy
  const isUrl = words.query !== null && /^https?:\/\/\S+$/i.test(words.query)
  const urls = isUrl && words.query ? [...wish.urls, words.query] : wish.urls
  // The brief's body has only `query`: for a folder it is the path.
  const folder = wish.path ?? (wish.platform === 'folder' || isPath(wish.query) ? wish.query : null)
  const platform = wish.platform ?? guessPlatform(urls, folder, settings)
  refuseContradictions(platform, { folder, urls, hasWords: words.query !== null && !isUrl })
  const isUpload = platform === 'upload'
  if (folder !== null && !isUpload) await checkFolder(folder, settings.importDirs, isLocalUser)
  const isListed = folder !== null || urls.length > 0
  const query = isUrl || folder === wish.query ? null : words.query
  if (!isListed && query === null) {
    throw new InvalidInputError(
      'nothing-to-ingest',
      'Say what to ingest: `query` with words, `urls`, or a folder; none of them was given.',
    )
  }
  const guard = guardOf(settings)
  for (const url of urls) guard.checkForm(url)
  const asked = wish.maxVideos ?? words.maxVideos
  if (asked !== null && (asked < 1 || asked > MAX_VIDEOS)) {
    throw new InvalidInputError(
      'invalid-input',
      `max_videos: expected 1 to ${MAX_VIDEOS}, got ${asked}.`,
      {
        faults: [{ path: 'max_videos', expected: `1 to ${MAX_VIDEOS}`, got: String(asked) }],
      },
    )
  }
  const vocabulary = await checkTaxonomy(taxonomy, isLocalUser || taxonomy === settings.taxonomy)
  const minRelevance = wish.rules?.minRelevance ?? null
  if (query === null && (minRelevance !== null || wish.expand)) {
    const field = wish.expand ? 'expand' : 'min_relevance'
    throw new InvalidInputError(
      'invalid-input',
      `${field} is about a search: it needs words in \`query\`, and this task has a list.`,
      { faults: [{ path: field, expected: 'only with a search', got: 'a folder or addresses' }] },
    )
  }
  return {
    query,
    platform,
    urls,
    path: folder === null || isUpload ? folder : path.resolve(folder),
    taxonomy,
    openVocabulary: wish.openVocabulary ?? null,
    // Who names the videos one by one wants them all.
    maxVideos: asked ?? (isListed ? MAX_VIDEOS : DEFAULT_MAX_VIDEOS),
    ...wish.rules,
    variants: wish.expand && query !== null ? queryVariants(vocabulary, query) : [],
  }
}

/** One source for each task: what another one would need is refused, not dropped. */
function refuseContradictions(
  platform: Platform,
  { folder, urls, hasWords }: { folder: string | null; urls: string[]; hasWords: boolean },
): void {
  const takesFolder = platform === 'folder' || platform === 'upload'
  if (takesFolder && folder === null) {
    throw new InvalidInputError(
      'path-missing',
      `The platform ${platform} needs a path in \`query\` or \`path\`.`,
    )
  }
  if (platform === 'urls' && urls.length === 0) {
    throw new InvalidInputError('urls-missing', 'The platform urls needs addresses in `urls`.')
  }
  const given = [
    ...(folder !== null ? ['a folder'] : []),
    ...(urls.length > 0 ? ['addresses'] : []),
    ...(hasWords && folder === null ? ['words'] : []),
  ]
  if (given.length > 1 || (folder !== null && !takesFolder) || (takesFolder && urls.length > 0)) {
    throw new InvalidInputError(
      'invalid-input',
      `One task takes words, addresses or a folder, one of them; for ${platform} came ${given.join(' and ')}. ` +
        'Start one task for each.',
    )
  }
}

/** An unknown or wrong taxonomy is the request's fault, wherever its file would have been. */
async function checkTaxonomy(taxonomy: string, allowPaths: boolean): Promise<Taxonomy> {
  try {
    return await loadTaxonomy(taxonomy, { allowPaths })
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new InvalidInputError(error.code, error.message, { cause: error })
  }
}

function guessPlatform(
  urls: string[],
  folder: string | null,
  endpoints: ArchiveEndpoints,
): Platform {
  if (folder !== null) return 'folder'
  if (urls.length === 0) return 'youtube'
  const platforms = new Set(urls.map((url) => platformOfUrl(url, endpoints) ?? 'urls'))
  return platforms.size === 1 ? [...platforms][0]! : 'urls'
}

function isPath(text: string | null): boolean {
  return text !== null && /^(\/|\.{1,2}\/|[a-z]:\\)/i.test(text)
}

/** A remote caller may ingest only from the folders that the operator named. */
async function checkFolder(folder: string, importDirs: string[], isLocalUser: boolean) {
  if (isLocalUser) return
  const refuse = () =>
    new InvalidInputError(
      'folder-not-allowed',
      `The folder ${JSON.stringify(folder.slice(0, 300))} may not be ingested over HTTP; ` +
        'the operator allows folders with FORGEINDEX_IMPORT_DIRS. Upload the videos instead.',
    )
  if (importDirs.length === 0) throw refuse()
  const real = await realpath(folder).catch((error: unknown) => {
    throw new InvalidInputError(
      'path-not-found',
      `There is no file or folder ${folder.slice(0, 300)}.`,
      {
        cause: toError(error),
      },
    )
  })
  for (const allowed of importDirs) {
    const root = await realpath(allowed).catch(() => allowed)
    if (real === root || real.startsWith(root + path.sep)) return
  }
  throw refuse()
}
