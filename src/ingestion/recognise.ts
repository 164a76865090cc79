import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { type InputFault, InvalidInputError, toError } from '../errors.ts'
import type { Platform } from './discovery/source.ts'
import { type ArchiveEndpoints, platformOfUrl } from './urls.ts'

export { canonicalUrl, platformOfUrl } from './urls.ts'

/** A sentence split into what to look for and how many. */
export interface Wish {
  query: string
  /** The count that was read off, unchecked; null when the words name none. */
  maxVideos: number | null
}

/** What the one argument of `ingest` stands for. */
export interface Recognised {
  platform: Platform
  query: string | null
  urls: string[]
  /** Absolute; for `folder` only. */
  path?: string
  maxVideos: number | null
}

/** A list of addresses longer than this is a mistake: one task takes 10,000 videos at most. */
const MAX_LIST_BYTES = 8 * 1024 ** 2

/**
 * Reads a leading count and "videos of / about / showing" off a query:
 * `500 videos of CNC machining` → `CNC machining`, 500. The count needs the noun after it, so that
 * `3D printing` and `5 axis milling` stay whole. Words without a rest are left as they are.
 */
export function parseWish(text: string): Wish {
  const whole = text.replace(/\s+/g, ' ').trim()
  const match =
    /^(?:(\d{1,3}(?:[,_]\d{3})+|\d{1,9}) )?(?:short )?(?:videos?|clips?) (?:of|about|showing|on|with) (.+)$/i.exec(
      whole,
    )
  if (!match) return { query: whole, maxVideos: null }
  const [, count, query] = match
  return {
    query: query!,
    maxVideos: count === undefined ? null : Number(count.replace(/[,_]/g, '')),
  }
}

/**
 * Decides what an argument is: a folder or file that exists → `folder`; a `.txt` file → its lines
 * as `urls`; a URL → the platform it belongs to, else `urls`; anything else → words for `youtube`.
 * Relative paths are taken from `cwd`.
 *
 * @throws InvalidInputError `path-not-found` for what looks like a path and is not there,
 *   `url-refused` for a URL that is not http(s), `bad-list` with each wrong line of a list
 */
export async function recogniseArgument(
  argument: string,
  options: { cwd: string } & ArchiveEndpoints,
): Promise<Recognised> {
  const text = argument.trim()
  if (text === '') {
    throw new InvalidInputError(
      'empty-argument',
      'Nothing was given. Expected a folder, a file, a URL, a list.txt or words to search for.',
    )
  }
  const file = path.resolve(options.cwd, text)
  const kind = await kindOfPath(file)
  if (kind === 'file' && /\.txt$/i.test(file)) {
    return { platform: 'urls', query: null, urls: await readUrlList(file), maxVideos: null }
  }
  if (kind !== null) {
    return { platform: 'folder', query: null, urls: [], path: file, maxVideos: null }
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    if (!isWebUrl(text)) {
      throw new InvalidInputError(
        'url-refused',
        `The address ${text.slice(0, 300)} is refused. Expected an http or https address.`,
      )
    }
    const platform = platformOfUrl(text, options) ?? 'urls'
    return { platform, query: null, urls: [text], maxVideos: null }
  }
  if (/^(?:~|\.{1,2})?[/\\]/.test(text) || /^\S+\.(?:txt|mp4|mov|mkv|webm|avi)$/i.test(text)) {
    throw new InvalidInputError(
      'path-not-found',
      `There is no file or folder ${file}. Check the path, or put words to search for in quotes.`,
    )
  }
  const { query, maxVideos } = parseWish(text)
  return { platform: 'youtube', query, urls: [], maxVideos }
}

/**
 * The addresses in a text file, one a line; blank lines and lines starting with `#` are left out,
 * the same address twice counts once.
 */
async function readUrlList(file: string): Promise<string[]> {
  const { size } = await stat(file)
  if (size > MAX_LIST_BYTES) {
    throw new InvalidInputError(
      'bad-list',
      `${file} has ${size} bytes. Expected a list of addresses of at most ${MAX_LIST_BYTES}.`,
    )
  }
  const lines = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '').split(/\r?\n/)
  const faults: InputFault[] = []
  const urls = new Set<string>()
  for (const [index, line] of lines.entries()) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    if (isWebUrl(text)) urls.add(text)
    else {
      const got = text.slice(0, 80)
      faults.push({ path: `line ${index + 1}`, expected: 'an http or https address', got })
    }
  }
  if (faults.length > 0 || urls.size === 0) {
    const shown = faults.slice(0, 5).map((fault) => `${fault.path}: ${fault.got}`)
    throw new InvalidInputError(
      'bad-list',
      faults.length > 0
        ? `${file} is not a list of addresses, one a line. Wrong are ${shown.join('; ')}`
        : `${file} names no address. Expected one http or https address a line.`,
      { faults },
    )
  }
  return [...urls]
}

async function kindOfPath(file: string): Promise<'file' | 'folder' | null> {
  try {
    return (await stat(file)).isDirectory() ? 'folder' : 'file'
  } catch (thrown) {
    const { code } = toError(thrown) as NodeJS.ErrnoException
    // A long query is no path (ENAMETOOLONG), nor is one with a file's name in its middle.
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(code ?? '')) {
      return null
    }
    throw new InvalidInputError('path-not-readable', `${file} cannot be read: ${code}.`, {
      cause: thrown,
    })
  }
}

function isWebUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
