import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSettings } from '../../../src/config/settings.ts'
import { folderSource } from '../../../src/ingestion/discovery/folder.ts'
import type { Candidate } from '../../../src/ingestion/discovery/source.ts'
import { download } from '../../../src/ingestion/downloader.ts'
import { createLogger } from '../../../src/log.ts'
import { testData } from '../../support/test-data.ts'

const signal = new AbortController().signal
const source = folderSource(createLogger('silent'))
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'folder-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function discover(at: string): Promise<Candidate[]> {
  const found: Candidate[] = []
  const request = { platform: 'folder', query: null, urls: [], path: at, limit: 5 } as const
  for await (const candidate of source.discover({ ...request, urls: [] }, { signal }))
    found.push(candidate)
  return found
}

async function put(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), `bytes of ${name}`)
  }
}

describe('a folder', () => {
  it('gives its videos in natural order, subfolders among them, other files left out', async () => {
    await put(
      'clip 10.mp4',
      'clip 2.MP4',
      'b/x.webm',
      'notes.txt',
      'a/deep/er/y.gif',
      'clip 1.mov',
      '.hidden.mp4',
      '.git/z.mp4',
      'video.mp4.part',
      'mp4',
    )
    const found = await discover(folder)
    expect(found.map(({ localFile }) => path.relative(folder, localFile ?? ''))).toEqual([
      'a/deep/er/y.gif',
      'b/x.webm',
      'clip 1.mov',
      'clip 2.MP4',
      'clip 10.mp4',
    ])
    expect(found.map(({ rank }) => rank)).toEqual([0, 1, 2, 3, 4])
    expect(found[3]).toMatchObject({
      title: 'clip 2.MP4',
      bytes: 'bytes of clip 2.MP4'.length,
      licence: null,
    })
    expect(fileURLToPath(found[3]?.url ?? '')).toBe(path.join(folder, 'clip 2.MP4'))
  })

  it('with links in a circle ends, and gives each file once', async () => {
    await put('a/one.mp4', 'two.mp4')
    await symlink(folder, path.join(folder, 'a/up'))
    await symlink(path.join(folder, 'a'), path.join(folder, 'b'))
    await symlink(path.join(folder, 'two.mp4'), path.join(folder, 'z.mp4'))
    await symlink(path.join(folder, 'self.mp4'), path.join(folder, 'self.mp4'))
    await symlink('/no/such/file.mp4', path.join(folder, 'broken.mp4'))
    expect((await discover(folder)).map(({ title }) => title)).toEqual(['one.mp4', 'two.mp4'])
  })

  it('with names that need care in a URL gives addresses that lead back', async () => {
    await put("it's 100% #1?.mp4", 'ünï\ncode.mp4')
    for (const { url, localFile } of await discover(folder))
      expect(fileURLToPath(url)).toBe(localFile)
  })

  it('with a pipe or a folder named like a video is not waited on', async () => {
    await put('real.mp4', 'folder.mp4/inside.mp4')
    await promisify(execFile)('mkfifo', [path.join(folder, 'pipe.mp4')])
    expect((await discover(folder)).map(({ title }) => title)).toEqual(['inside.mp4', 'real.mp4'])
  })

  it('without videos, or that is not there, is refused with its path', async () => {
    await put('notes.txt')
    await expect(discover(folder)).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'no-videos',
    })
    await expect(discover(path.join(folder, 'gone'))).rejects.toMatchObject({
      code: 'path-not-found',
    })
    await expect(discover(path.join(folder, 'notes.txt', 'x'))).rejects.toThrow(folder)
  })

  it.skipIf(process.getuid?.() === 0)('that cannot be read is left out (not as root)', async () => {
    await put('a/one.mp4', 'two.mp4')
    await chmod(path.join(folder, 'a'), 0)
    expect((await discover(folder)).map(({ title }) => title)).toEqual(['two.mp4'])
    await chmod(path.join(folder, 'a'), 0o755)
  })
})

describe('one file', () => {
  it('is taken whatever its name, and read in place', async () => {
    await put('recording')
    const [found, ...rest] = await discover(path.join(folder, 'recording'))
    expect(rest).toEqual([])
    const got = await download(readSettings({}), found!, path.join(folder, 'job'), { signal })
    expect(got).toMatchObject({
      file: path.join(folder, 'recording'),
      thumbnail: null,
      bytes: 18,
      fetchedWith: 'file',
    })
    expect(got.sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('that is empty or gone by then fails for good', async () => {
    await writeFile(path.join(folder, 'empty.mp4'), '')
    const [found] = await discover(folder)
    const get = () => download(readSettings({}), found!, path.join(folder, 'job'), { signal })
    await expect(get()).rejects.toMatchObject({ name: 'PermanentError', code: 'empty-file' })
    await rm(path.join(folder, 'empty.mp4'))
    await expect(get()).rejects.toMatchObject({ name: 'PermanentError', code: 'video-gone' })
  })
})

const real = testData('videos')
it.skipIf(!real)('the shared test data (videos) is found whole', async () => {
  const found = await discover(real!)
  expect(found.length).toBeGreaterThanOrEqual(50)
  expect(found.map(({ title }) => title)).toContain("pxt-filename with spaces and '_half_res.mp4")
  expect(new Set(found.map(({ sourceId }) => sourceId)).size).toBe(found.length)
})
