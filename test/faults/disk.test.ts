import { execFile } from 'node:child_process'
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  statfs,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeClip, variantOf } from '../support/clip.ts'
import { startMediaServer } from '../support/media-server.ts'
import { endOfTask, type ProgramLibrary, programLibrary } from '../support/program.ts'

const execute = promisify(execFile)
/** The library alone takes 41 MB. */
const DISK = '72m'
let disk: string
let mounted = false
let library: ProgramLibrary
let clips: string

beforeAll(async () => {
  disk = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
  mounted = await execute('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk]).then(
    () => true,
    () => false,
  )
  library = await programLibrary({}, { dataDir: path.join(disk, 'data') })
  clips = path.join(library.folder, 'clips')
  await mkdir(clips)
  await makeClip(path.join(clips, 'a.mp4'), { seconds: 4, size: '640x480', pattern: 'testsrc2' })
}, 120_000)
afterAll(async () => {
  await library[Symbol.asyncDispose]()
  if (mounted) await execute('umount', ['-l', disk])
  await rm(disk, { recursive: true, force: true })
})

/** Only root may mount: a user who is not sees why this is left out. */
const asRoot = process.getuid?.() === 0 && process.platform === 'linux'

/** Takes all free space but `leftBytes`; gives the file to remove. */
async function fill(leftBytes: number): Promise<string> {
  const ballast = path.join(disk, 'ballast')
  await rm(ballast, { force: true })
  const { bavail, bsize } = await statfs(disk)
  await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)))
  return ballast
}

test.skipIf(!asRoot)(
  'a full disk is named, keeps nothing half-written, and work goes on with space',
  async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here')
    const server = await library.serve()
    const ballast = await fill(300_000)
    const { status, body } = await server.ask<{ id: string }>('POST', '/api/ingest', {
      path: clips,
    })
    expect(status).toBe(202)
    await server.program.saw(/disk-full|is full \(ENOSPC\)/)
    const objects = path.join(disk, 'data', 'objects')
    expect(await readdir(path.join(objects, '.incoming'))).toEqual([])
    expect(await readdir(path.join(objects, 'videos')).catch(() => [])).toEqual([])
    expect((await server.ask('GET', `/api/tasks/${body.id}`)).body).toMatchObject({
      status: 'running',
    })

    await truncate(ballast, 0)
    const task = await endOfTask<{ status: string; videos_processed: number }>(server, body.id)
    expect(task).toMatchObject({ status: 'completed', videos_processed: 1 })
    server.program.kill('SIGTERM')
    expect((await server.program.ended).code).toBe(0)
  },
  240_000,
)

test.skipIf(!asRoot)(
  'a disk with too little room for a download: it waits, says so, and goes on with room',
  async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here')
    await using media = await startMediaServer()
    const clip = await readFile(path.join(clips, 'a.mp4'))
    // Other bytes than those of the test before.
    const url = media.serve('/b.mp4', { body: variantOf(clip, 1) })
    library.variables.FORGEINDEX_COMMONS_URL = media.url
    library.variables.FORGEINDEX_MIN_FREE_BYTES = String(6 * 1024 ** 2)
    const server = await library.serve()
    const ballast = await fill(5 * 1024 ** 2)
    const { body } = await server.ask<{ id: string }>('POST', '/api/ingest', { urls: [url] })
    await server.program.saw(
      /disk-full.*FORGEINDEX_MIN_FREE_BYTES|FORGEINDEX_MIN_FREE_BYTES.*disk-full/,
    )
    expect((await server.ask('GET', `/api/tasks/${body.id}`)).body).toMatchObject({
      status: 'running',
      videos_failed: 0,
    })
    await truncate(ballast, 0)
    const task = await endOfTask<{ status: string; videos_processed: number }>(server, body.id)
    expect(task).toMatchObject({ status: 'completed', videos_processed: 1 })
    server.program.kill('SIGTERM')
    expect((await server.program.ended).code).toBe(0)
    delete library.variables.FORGEINDEX_MIN_FREE_BYTES
  },
  240_000,
)

test.skipIf(!asRoot)(
  'with not one byte left the server lives, says so, and recovers',
  async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here')
    const server = await library.serve()
    const ballast = await fill(0)
    await sleep(200)
    const { status, body } = await server.ask('GET', '/health')
    expect(status).toBe(503)
    expect(body).toMatchObject({
      status: 'down',
      checks: { storage: { ok: false, detail: expect.stringMatching(/full.*Free some space/) } },
    })
    await truncate(ballast, 0)
    await expect
      .poll(async () => (await server.ask('GET', '/health')).status, { timeout: 10_000 })
      .toBe(200)
    server.program.kill('SIGTERM')
    expect((await server.program.ended).code).toBe(0)
  },
  240_000,
)

test.skipIf(!asRoot)(
  'a read-only data folder is refused in one sentence',
  async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here')
    await execute('mount', ['-o', 'remount,ro', disk])
    try {
      for (const args of [['serve', '--port', '0'], ['tasks']]) {
        const { code, stdout, stderr } = await library.run(...args)
        expect(code, stderr).toBe(2)
        expect(stdout).toBe('')
        expect(stderr).toMatch(/data folder .* cannot be written \(EROFS\)/)
        expect(stderr).toMatch(/FORGEINDEX_DATA_DIR/)
        expect(stderr).not.toMatch(/\n\s+at /)
      }
    } finally {
      await execute('mount', ['-o', 'remount,rw', disk])
    }
  },
  60_000,
)
