import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ArchiveServer, startArchiveServer } from './archive-server.ts'
import { makeClip } from './clip.ts'
import { copyOfClip } from './clip-copies.ts'

/** What becomes of a film when it is taken. `same`: the file of every other `same`. */
export type FilmKind = 'good' | 'text' | 'gone' | 'too-long' | 'same'

/** Films are longer than this many seconds only if they are `too-long`. */
export const MOST_SECONDS = '10'

/**
 * An archive that finds `count` films for each word, of the kinds given in turn: real small clips,
 * each a file of its own with the same picture, texts, and addresses that lead nowhere.
 */
export async function startFilmArchive(
  films: Record<string, FilmKind[]>,
  pictures: Record<string, string> = {},
): Promise<ArchiveServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'films-'))
  try {
    const clips = new Map<string, Buffer>()
    const clip = async (pattern: string, seconds: number) => {
      const key = `${pattern}-${seconds}`
      const known = clips.get(key)
      if (known) return known
      const made = await makeClip(path.join(folder, `${key}.mp4`), { pattern, seconds })
      clips.set(key, made)
      return made
    }
    let number = 0
    const items = []
    const gone: string[] = []
    for (const [word, kinds] of Object.entries(films)) {
      const pattern = pictures[word] ?? 'testsrc'
      for (const [i, kind] of kinds.entries()) {
        number++
        const identifier = `${word.replaceAll(' ', '-')}-${String(i + 1).padStart(3, '0')}`
        const body =
          kind === 'text'
            ? Buffer.from(`This is not a video, number ${number}.`)
            : copyOfClip(
                await clip(pattern, kind === 'too-long' ? 12 : 1),
                kind === 'same' ? 0 : number,
              )
        const film = { name: 'film.mp4', format: 'h.264', body, width: 160, height: 120 }
        items.push({ identifier, metadata: { title: `${word} ${i + 1}` }, files: [film] })
        if (kind === 'gone') gone.push(identifier)
      }
    }
    const server = await startArchiveServer(items)
    for (const identifier of gone) {
      server.serve(`/7/items/${identifier}/film.mp4`, { body: '', status: 404 })
    }
    return server
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The stand-in as a program's settings. */
export function filmSettings(server: ArchiveServer): Record<string, string> {
  return { FORGEINDEX_ARCHIVE_URL: server.url, MAX_VIDEO_DURATION: MOST_SECONDS }
}

/** How often each film was downloaded, by its path. */
export function downloads(server: ArchiveServer): Map<string, number> {
  const times = new Map<string, number>()
  for (const { method, path: at } of server.requests) {
    if (method === 'GET' && at.startsWith('/7/')) times.set(at, (times.get(at) ?? 0) + 1)
  }
  return times
}
