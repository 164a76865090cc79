import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { InvalidInputError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { bareCandidate, type Candidate, type Source } from './source.ts'

/** File name endings that are taken for videos; what is inside is judged later. */
export const VIDEO_EXTENSIONS = new Set(
  'mp4 m4v mov mkv webm avi mpg mpeg ts m2ts mts flv wmv ogv gif 3gp asf'.split(' '),
)

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/**
 * The videos in a folder and its subfolders in natural order (`clip 2` before `clip 10`), or one
 * file, whatever its name. Hidden entries are left out; a file or folder that is reached twice,
 * through links, counts once.
 */
export function folderSource(logger: Logger): Source {
  return {
    platform: 'folder',
    async *discover(request, { signal }): AsyncIterable<Candidate> {
      signal.throwIfAborted()
      if (!request.path) {
        throw new InvalidInputError(
          'path-not-found',
          'Platform folder needs a path. Expected a folder or a video file.',
        )
      }
      const root = path.resolve(request.path)
      const seen = new Set<string>()
      let rank = 0
      for await (const file of filesUnder(root, seen, logger)) {
        signal.throwIfAborted()
        yield await candidateOf(file, rank++)
      }
      if (rank === 0) {
        throw new InvalidInputError(
          'no-videos',
          `There is no video in ${root}. Expected files ending in ${[...VIDEO_EXTENSIONS].join(', ')}.`,
        )
      }
    },
  }
}

async function candidateOf(file: string, rank: number): Promise<Candidate> {
  const { size } = await stat(file)
  return {
    ...bareCandidate({
      platform: 'folder',
      sourceId: createHash('sha256').update(file).digest('hex'),
      url: pathToFileURL(file).href,
      title: path.basename(file),
      rank,
    }),
    localFile: file,
    bytes: size,
  }
}

/** Files below `root` by the name they were reached under; `seen` holds real paths. */
async function* filesUnder(root: string, seen: Set<string>, logger: Logger): AsyncIterable<string> {
  const kind = await kindOf(root)
  if (kind === null) {
    throw new InvalidInputError('path-not-found', `There is no file or folder ${root}.`)
  }
  if (kind === 'file') yield root
  else if (kind === 'folder') yield* walk(root, seen, logger)
}

async function* walk(folder: string, seen: Set<string>, logger: Logger): AsyncIterable<string> {
  const real = await realpath(folder)
  if (seen.has(real)) return
  seen.add(real)
  let entries: Dirent[]
  try {
    entries = await readdir(folder, { withFileTypes: true })
  } catch (thrown) {
    logger.warn({ folder, reason: String(thrown) }, 'a folder could not be read and is left out')
    return
  }
  entries.sort((a, b) => byName.compare(a.name, b.name) || (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const full = path.join(folder, entry.name)
    const kind = entry.isDirectory() ? 'folder' : await kindOf(full)
    if (kind === 'folder') yield* walk(full, seen, logger)
    else if (kind === 'file' && isVideoName(entry.name)) {
      const file = await realpath(full)
      if (seen.has(file)) continue
      seen.add(file)
      yield full
    }
  }
}

/** What a path leads to; null when nothing is there (or a link leads nowhere or in a circle). */
async function kindOf(file: string): Promise<'file' | 'folder' | 'other' | null> {
  try {
    const found = await stat(file)
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other'
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null
    throw new InvalidInputError('path-not-readable', `${file} cannot be read (${code}).`, {
      cause: thrown,
    })
  }
}

function isVideoName(name: string): boolean {
  return VIDEO_EXTENSIONS.has(path.extname(name).slice(1).toLowerCase())
}
