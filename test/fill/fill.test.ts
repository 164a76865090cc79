import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ArchiveItemFixture,
  type ArchiveServer,
  startArchiveServer,
} from '../support/archive-server.ts'
import { makeClip } from '../support/clip.ts'
import { copyOfClip } from '../support/clip-copies.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { testDatabaseUrl } from '../support/servers.ts'

let folder: string
let clip: Buffer
let longClip: Buffer

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fill-'))
  clip = await makeClip(path.join(folder, 'clip.mp4'))
  longClip = await makeClip(path.join(folder, 'long.mp4'), { seconds: 12 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What becomes of an item when it is taken. */
type Kind = 'good' | 'text' | 'gone' | 'too-long' | 'same'

function itemOf(kind: Kind, number: number, word = 'lathe'): ArchiveItemFixture {
  const body = {
    good: copyOfClip(clip, number),
    text: Buffer.from(`This is not a video, number ${number}.`),
    gone: copyOfClip(clip, number),
    'too-long': copyOfClip(longClip, number),
    same: copyOfClip(clip, 0),
  }[kind]
  return {
    identifier: `${word}-${String(number).padStart(3, '0')}`,
    files: [{ name: 'film.mp4', format: 'h.264', body, width: 160, height: 120 }],
  }
}

async function serverWith(items: ArchiveItemFixture[], kinds: Kind[]): Promise<ArchiveServer> {
  const server = await startArchiveServer(items)
  for (const [i, kind] of kinds.entries()) {
    const { identifier } = items[i]!
    if (kind === 'gone') server.serve(`/7/items/${identifier}/film.mp4`, { body: '', status: 404 })
  }
  return server
}

interface TaskBody {
  id: string
  status: string
  videos_found: number
  videos_processed: number
  videos_failed: number
}

async function ingest(library: OwnLibrary, wish: object): Promise<TaskBody> {
  const { status, body } = await library.ask<TaskBody>('POST', '/api/ingest', {
    platform: 'archive',
    query: 'lathe',
    ...wish,
  })
  expect(status, JSON.stringify(body)).toBe(202)
  return (await library.finished(body.id)) as unknown as TaskBody
}

const settings = (server: ArchiveServer) => ({
  FORGEINDEX_ARCHIVE_URL: server.url,
  MAX_VIDEO_DURATION: '10',
})

const FORMS = ['embedded' as const, ...(testDatabaseUrl() ? (['server'] as const) : [])]

describe.each(FORMS)('a task with words (%s)', (form) => {
  it('goes on until as many good videos are there as were asked for', async () => {
    const kinds: Kind[] = Array.from({ length: 40 }, (_, i) => {
      if (i % 5 === 1) return 'text'
      if (i % 5 === 3) return i % 2 === 0 ? 'gone' : 'too-long'
      return i === 4 || i === 9 ? 'same' : 'good'
    })
    await using server = await serverWith(
      kinds.map((kind, i) => itemOf(kind, i + 1)),
      kinds,
    )
    await using library = await openOwnLibrary(settings(server), { form })
    const task = await ingest(library, { max_videos: 10 })
    expect(task).toMatchObject({ status: 'completed', videos_processed: 10 })
    const { body } = await library.ask<{ items: { id: string }[] }>(
      'GET',
      '/api/videos?status=completed',
    )
    expect(body.items).toHaveLength(10)
    const downloads = server.requests.filter(
      ({ method, path: at }) => method === 'GET' && at.startsWith('/7/'),
    )
    const perItem = new Map<string, number>()
    for (const { path: at } of downloads) perItem.set(at, (perItem.get(at) ?? 0) + 1)
    expect([...perItem.values()].every((times) => times === 1)).toBe(true)
  })

  it('ends with what there is when the sources have no more', async () => {
    const kinds: Kind[] = ['good', 'text', 'good', 'gone', 'good']
    await using server = await serverWith(
      kinds.map((kind, i) => itemOf(kind, i + 1)),
      kinds,
    )
    await using library = await openOwnLibrary(settings(server), { form })
    const task = await ingest(library, { max_videos: 4 })
    expect(task).toMatchObject({ status: 'completed', videos_processed: 3, videos_found: 5 })
  })
})
