import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { openStorage } from '../../src/config/storage.ts'
import { testStorage } from '../contract/storage.ts'

const MiB = 1024 * 1024
/** Arguments of `mount` for a file system of 4 MiB in memory. */
const SMALL_DISK = ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs']
const canMount = mayMount()

let dataDir: string
const open = (folder = dataDir) => openStorage(readSettings({ FORGEINDEX_DATA_DIR: folder }))

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'forgeindex-folder-'))
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

testStorage('The folder driver', () => open())

describe('the folder driver', () => {
  it('keeps an object as the file at its key, and nothing else afterwards', async () => {
    const folder = path.join(dataDir, 'plain')
    await using storage = await open(folder)
    expect(storage.kind).toBe('folder')
    await storage.put('videos/1/frames/0.jpg', Buffer.from('jpeg'))
    const file = storage.localPath('videos/1/frames/0.jpg')
    expect(file).toBe(path.join(folder, 'objects/videos/1/frames/0.jpg'))
    expect(await readFile(file ?? '', 'utf8')).toBe('jpeg')
    expect(await filesBelow(folder)).toEqual(['objects/videos/1/frames/0.jpg'])
    await storage.deletePrefix('videos/1/')
    expect(await readdir(path.join(folder, 'objects'))).toEqual(['.incoming'])
    expect(await storage.signedUrl('videos/1', { expiresSeconds: 60 })).toBeNull()
  })

  it('says so when an object would lie below another one', async () => {
    await using storage = await open()
    await storage.put('one/two', Buffer.from('x'))
    const refused = { name: 'InvalidInputError', code: 'invalid-object-key' }
    await expect(storage.put('one/two/three', Buffer.from('x'))).rejects.toMatchObject(refused)
    await expect(storage.put('one', Buffer.from('x'))).rejects.toMatchObject(refused)
    expect(await storage.stat('one')).toBeNull()
    await expect(storage.get('one')).rejects.toMatchObject({ code: 'object-not-found' })
    await expect(storage.get('one/two/three')).rejects.toMatchObject({ code: 'object-not-found' })
    await storage.delete('one')
    await storage.delete('one/two/three')
    expect((await storage.stat('one/two'))?.bytes).toBe(1)
  })

  it('sweeps half-written files when opened: older than an hour, or of a process that is gone', async () => {
    const folder = path.join(dataDir, 'swept')
    const incoming = path.join(folder, 'objects/.incoming')
    await mkdir(incoming, { recursive: true })
    await writeFile(path.join(incoming, 'old'), 'half')
    await writeFile(path.join(incoming, 'young'), 'half')
    const twoHoursAgo = Date.now() / 1000 - 7_200
    await utimes(path.join(incoming, 'old'), twoHoursAgo, twoHoursAgo)
    // No process has such a number: Linux ends at 4 million.
    await writeFile(path.join(incoming, `999999999@${hostname()}@dead`), 'half')
    const living = [`999999999@elsewhere@1`, `${process.pid}@${hostname()}@2`]
    for (const name of living) await writeFile(path.join(incoming, name), 'half')
    await using storage = await open(folder)
    expect((await readdir(incoming)).sort()).toEqual([...living, 'young'].sort())
    for await (const object of storage.list('')) expect.fail(`${object.key} is listed`)
  })

  it('shows no half object after kill -9 in the middle of a put', async () => {
    const folder = path.join(dataDir, 'killed')
    const program = `
      import { Readable } from 'node:stream'
      import { readSettings } from './src/config/settings.ts'
      import { openStorage } from './src/config/storage.ts'
      const storage = await openStorage(readSettings({ FORGEINDEX_DATA_DIR: ${JSON.stringify(folder)} }))
      await storage.put('videos/whole', Buffer.from('whole'))
      async function* endless() {
        for (let n = 0; ; n += 1) {
          yield Buffer.alloc(1 << 20)
          if (n === 4) console.log('writing')
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      await storage.put('videos/half', Readable.from(endless()))`
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { cwd: path.join(import.meta.dirname, '../..'), stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await using storage = await open(folder)
    const found = []
    for await (const { key } of storage.list('')) found.push(key)
    expect(found).toEqual(['videos/whole'])
    expect(await storage.stat('videos/half')).toBeNull()
  })

  it('refuses at opening a data folder that is a file', async () => {
    const file = path.join(dataDir, 'a-file')
    await writeFile(file, '')
    await expect(open(file)).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'data-folder-not-writable',
      message: expect.stringContaining('FORGEINDEX_DATA_DIR'),
    })
  })
})

const noDisk = canMount ? '' : ' (skipped: mounting one needs root)'
describe.skipIf(!canMount)(`the folder driver on a 4 MiB disk${noDisk}`, () => {
  let disk: string
  beforeAll(async () => {
    disk = await mkdtemp(path.join(tmpdir(), 'forgeindex-disk-'))
    execFileSync('mount', [...SMALL_DISK, disk])
  })
  afterAll(async () => {
    execFileSync('umount', ['--lazy', disk])
    await rm(disk, { recursive: true, force: true })
  })

  it('reports a full disk as TransientError and keeps no half file; space freed is used again', async () => {
    await using storage = await open(disk)
    const full = { name: 'TransientError', code: 'disk-full' }
    const large = path.join(dataDir, 'large')
    await writeFile(large, randomBytes(8 * MiB))
    const chunks = () => Readable.from(Array.from({ length: 8 }, () => Buffer.alloc(MiB, 1)))
    await storage.put('kept', Buffer.alloc(2 * MiB))
    await expect(storage.put('buffer', Buffer.alloc(8 * MiB))).rejects.toMatchObject(full)
    await expect(storage.put('stream', chunks())).rejects.toMatchObject(full)
    await expect(storage.putFile('file', large)).rejects.toMatchObject(full)
    await expect(storage.put('kept', chunks())).rejects.toMatchObject(full)
    expect(await filesBelow(disk)).toEqual(['objects/kept'])
    expect((await storage.stat('kept'))?.bytes).toBe(2 * MiB)
    await storage.put('small', Buffer.alloc(MiB))
    await storage.delete('kept')
    await storage.put('fits', Buffer.alloc(2 * MiB))
    await expect(storage.getFile('fits', path.join(disk, 'copy'))).rejects.toMatchObject(full)
    expect(await filesBelow(disk)).toEqual(['objects/fits', 'objects/small'])
    await storage.deletePrefix('fits')
    await storage.deletePrefix('small')
  })

  it('reports a disk that turned read-only, goes on reading, and refuses to open there', async () => {
    await using storage = await open(disk)
    await storage.put('readable', Buffer.from('still here'))
    execFileSync('mount', ['-o', 'remount,ro', disk])
    try {
      const readOnly = {
        name: 'TransientError',
        code: 'storage-not-writable',
        message: expect.stringContaining('FORGEINDEX_DATA_DIR'),
      }
      await expect(storage.check()).rejects.toMatchObject(readOnly)
      await expect(storage.put('new', Buffer.from('x'))).rejects.toMatchObject(readOnly)
      await expect(storage.delete('readable')).rejects.toMatchObject(readOnly)
      expect((await storage.stat('readable'))?.bytes).toBe(10)
      await expect(open(disk)).rejects.toMatchObject({ code: 'data-folder-not-writable' })
    } finally {
      execFileSync('mount', ['-o', 'remount,rw', disk])
    }
    await storage.check()
  })
})

/** Mounts and unmounts one to see: root in a container may not be allowed to. */
function mayMount(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-disk-'))
  const mounted = spawnSync('mount', [...SMALL_DISK, folder]).status === 0
  if (mounted) execFileSync('umount', [folder])
  rmdirSync(folder)
  return mounted
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
}
