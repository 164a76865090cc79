// Long because it is one contract: every driver runs all of it.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Storage } from '../../src/config/storage.ts'

const MiB = 1024 * 1024

/** What every storage driver does. `open` opens a store of its own for the suite. */
export function testStorage(name: string, open: () => Promise<Storage>): void {
  describe(`${name} keeps the storage contract:`, () => {
    let storage: Storage
    let folder: string
    /** A prefix that only the calling test uses. */
    const own = () => `tests/${randomUUID()}`

    beforeAll(async () => {
      storage = await open()
      folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-storage-'))
    })
    afterAll(async () => {
      await storage?.deletePrefix('tests/')
      await storage?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })

    const read = async (key: string, options?: { start?: number; end?: number }) =>
      buffer((await storage.get(key, options)).stream)
    const keys = async (prefix: string) => {
      const found = []
      for await (const { key } of storage.list(prefix)) found.push(key)
      return found
    }

    it('a small object comes back with its length, type and a tag', async () => {
      const key = `${own()}/frame.jpg`
      expect(await storage.put(key, Buffer.from('hello'))).toEqual({ bytes: 5 })
      const { stream, ...about } = await storage.get(key)
      expect((await buffer(stream)).toString()).toBe('hello')
      expect(about).toEqual({ bytes: 5, totalBytes: 5, contentType: 'image/jpeg' })
      const found = await storage.stat(key)
      expect(found).toMatchObject({ bytes: 5, contentType: 'image/jpeg' })
      expect(found?.etag).toMatch(/^".+"$/)
    })

    it('bytes that are a part of a larger buffer are stored as that part', async () => {
      const key = `${own()}/part.bin`
      await storage.put(key, Buffer.from('..hello..').subarray(2, 7))
      expect((await read(key)).toString()).toBe('hello')
    })

    it('an empty object is there and is empty', async () => {
      const key = `${own()}/empty`
      await storage.put(key, Buffer.alloc(0))
      const { stream, bytes, totalBytes } = await storage.get(key)
      expect([(await buffer(stream)).length, bytes, totalBytes]).toEqual([0, 0, 0])
      const ranged = await storage.get(key, { start: 0, end: 99 })
      expect([(await buffer(ranged.stream)).length, ranged.totalBytes]).toEqual([0, 0])
      expect((await storage.stat(key))?.bytes).toBe(0)
    })

    it('20 MiB from a file come back byte for byte, into a file too', async () => {
      const key = `${own()}/original.mp4`
      const source = path.join(folder, 'source.mp4')
      const target = path.join(folder, 'deeper/target.mp4')
      const content = randomBytes(20 * MiB)
      await writeFile(source, content)
      expect(await storage.putFile(key, source)).toEqual({ bytes: 20 * MiB })
      expect(await storage.stat(key)).toMatchObject({ bytes: 20 * MiB, contentType: 'video/mp4' })
      await storage.getFile(key, target)
      expect(sha256(await readFile(target))).toBe(sha256(content))
      expect(await readdir(path.dirname(target))).toEqual(['target.mp4'])
    })

    it('a stream of unknown length (12 MiB in odd chunks) is stored whole', async () => {
      const key = `${own()}/stream.bin`
      const content = randomBytes(12 * MiB + 17)
      async function* chunks() {
        for (let at = 0; at < content.length; at += 99_991) yield content.subarray(at, at + 99_991)
      }
      const stored = await storage.put(key, Readable.from(chunks()))
      expect(stored.bytes).toBe(content.length)
      expect(sha256(await read(key))).toBe(sha256(content))
    })

    it('a stream of text is stored as UTF-8', async () => {
      const key = `${own()}/words.txt`
      expect(await storage.put(key, Readable.from(['schweiß', 'en']))).toEqual({ bytes: 10 })
      expect((await read(key)).toString()).toBe('schweißen')
    })

    it('ranges give exactly their bytes and the total length', async () => {
      const key = `${own()}/range.bin`
      await storage.put(key, Buffer.from('0123456789'))
      expect((await read(key, { start: 2, end: 4 })).toString()).toBe('234')
      expect((await read(key, { end: 0 })).toString()).toBe('0')
      expect((await read(key, { start: 7 })).toString()).toBe('789')
      const clipped = await storage.get(key, { start: 8, end: 1000 })
      expect((await buffer(clipped.stream)).toString()).toBe('89')
      expect(clipped).toMatchObject({ bytes: 2, totalBytes: 10 })
    })

    it('a range outside the object is refused', async () => {
      const key = `${own()}/range.bin`
      await storage.put(key, Buffer.from('0123456789'))
      for (const range of [{ start: 10 }, { start: 5, end: 4 }, { start: -1 }, { start: 0.5 }]) {
        await expect(storage.get(key, range)).rejects.toMatchObject({
          name: 'InvalidInputError',
          code: 'range-not-satisfiable',
        })
      }
    })

    it('what is not there is NotFoundError to get, null to stat, nothing to delete', async () => {
      const key = `${own()}/nothing`
      const missing = { name: 'NotFoundError', code: 'object-not-found' }
      const target = path.join(folder, 'never')
      await expect(storage.get(key)).rejects.toMatchObject(missing)
      await expect(storage.get(key, { start: 3 })).rejects.toMatchObject(missing)
      await expect(storage.getFile(key, target)).rejects.toMatchObject(missing)
      expect(await storage.stat(key)).toBeNull()
      await storage.delete(key)
      expect(await keys(key)).toEqual([])
      expect((await readdir(folder)).filter((file) => file.startsWith('never'))).toEqual([])
    })

    it('a local file that is not there is NotFoundError and stores nothing', async () => {
      const key = `${own()}/original`
      const file = path.join(folder, 'no-such-file')
      await expect(storage.putFile(key, file)).rejects.toMatchObject({ code: 'file-not-found' })
      expect(await storage.stat(key)).toBeNull()
    })

    it('a replaced object has the new content, length and tag', async () => {
      const key = `${own()}/twice`
      await storage.put(key, Buffer.from('first'))
      const before = await storage.stat(key)
      await storage.put(key, Buffer.from('other'))
      expect((await read(key)).toString()).toBe('other')
      expect((await storage.stat(key))?.etag).not.toBe(before?.etag)
    })

    it('readers during 12 overwrites see one version or another, never a mixture', async () => {
      const key = `${own()}/contested`
      const version = (n: number) => Buffer.alloc(MiB, n)
      await storage.put(key, version(0))
      let writing = true
      const reader = async () => {
        let reads = 0
        while (writing || reads === 0) {
          const seen = await read(key)
          expect(seen.length).toBe(MiB)
          expect(seen.equals(version(seen[0] ?? -1))).toBe(true)
          reads += 1
        }
        return reads
      }
      const readers = [reader(), reader()]
      for (let n = 1; n <= 12; n += 1) await storage.put(key, version(n))
      writing = false
      expect(Math.min(...(await Promise.all(readers)))).toBeGreaterThan(0)
      expect((await read(key))[0]).toBe(12)
    })

    it('nothing is visible before the stream has ended', async () => {
      const prefix = own()
      let visible: string[] = []
      async function* slowly() {
        yield Buffer.alloc(9 * MiB)
        await sleep(300)
        visible = await keys(prefix)
        yield Buffer.alloc(9 * MiB)
      }
      await storage.put(`${prefix}/slow`, Readable.from(slowly()))
      expect(visible).toEqual([])
      expect(await keys(prefix)).toEqual([`${prefix}/slow`])
    })

    it('a stream that fails midway throws its own error and stores nothing', async () => {
      const key = `${own()}/broken`
      const fault = new Error('the source broke')
      async function* broken() {
        yield Buffer.alloc(9 * MiB)
        throw fault
      }
      await expect(storage.put(key, Readable.from(broken()))).rejects.toBe(fault)
      expect(await storage.stat(key)).toBeNull()
    })

    it('a failed overwrite leaves the old object as it was', async () => {
      const key = `${own()}/kept`
      await storage.put(key, Buffer.from('old'))
      async function* broken() {
        yield Buffer.alloc(9 * MiB)
        throw new Error('the source broke')
      }
      await expect(storage.put(key, Readable.from(broken()))).rejects.toThrow('the source broke')
      expect((await read(key)).toString()).toBe('old')
    })

    it.each([
      ['short', 4],
      ['long', 2],
    ])('a stream that comes too %s for its announced length stores nothing', async (_, bytes) => {
      const key = `${own()}/announced`
      const body = Readable.from([Buffer.from('abc')])
      await expect(storage.put(key, body, { bytes })).rejects.toMatchObject({
        name: 'TransientError',
        code: 'object-cut-short',
      })
      expect(await storage.stat(key)).toBeNull()
    })

    it('an abort in the middle of a put throws its reason, ends the source, stores nothing', async () => {
      const key = `${own()}/aborted`
      const controller = new AbortController()
      const reason = new Error('stopped by the test')
      async function* endless() {
        for (let n = 0; ; n += 1) {
          yield Buffer.alloc(MiB)
          // Past two parts of an S3 upload, then silence: only the abort can end this.
          if (n === 20) await sleep(60_000, undefined, { ref: false })
        }
      }
      const body = Readable.from(endless())
      setTimeout(() => controller.abort(reason), 500)
      const put = storage.put(key, body, { signal: controller.signal })
      await expect(put).rejects.toBe(reason)
      expect(body.destroyed).toBe(true)
      expect(await storage.stat(key)).toBeNull()
    })

    it('a signal that is aborted already ends every call at once', async () => {
      const key = `${own()}/aborted`
      const reason = new Error('stopped by the test')
      const signal = AbortSignal.abort(reason)
      const file = path.join(folder, 'aborted')
      await writeFile(file, 'x')
      await storage.put(key, Buffer.from('x'))
      await expect(storage.put(key, Buffer.from('y'), { signal })).rejects.toBe(reason)
      await expect(storage.putFile(key, file, { signal })).rejects.toBe(reason)
      await expect(storage.get(key, { signal })).rejects.toBe(reason)
      await expect(storage.getFile(key, `${file}-2`, { signal })).rejects.toBe(reason)
      expect((await read(key)).toString()).toBe('x')
    })

    it('an abort while an object is read ends its stream', async () => {
      const key = `${own()}/long`
      await storage.put(key, randomBytes(6 * MiB))
      const controller = new AbortController()
      const { stream } = await storage.get(key, { signal: controller.signal })
      stream.once('data', () => controller.abort())
      await expect(buffer(stream)).rejects.toMatchObject({ name: 'AbortError' })
    })

    it('an abort before anybody reads the stream is told to who reads it later', async () => {
      const key = `${own()}/long`
      await storage.put(key, randomBytes(6 * MiB))
      const controller = new AbortController()
      const { stream } = await storage.get(key, { signal: controller.signal })
      controller.abort()
      await sleep(50)
      await expect(buffer(stream)).rejects.toMatchObject({ name: 'AbortError' })
    })

    it('a listing of 1,010 keys is complete, in byte order, and goes with deletePrefix', async () => {
      const prefix = own()
      const expected = Array.from({ length: 1_010 }, (_, n) => `${prefix}/n${n}.json`)
      await inTurns(24, expected, (key) => storage.put(key, Buffer.from('{}')))
      const listed = []
      for await (const object of storage.list(`${prefix}/`)) listed.push(object)
      expect(listed.map(({ key }) => key)).toEqual(inByteOrder(expected))
      expect(listed.every(({ bytes }) => bytes === 2)).toBe(true)
      expect(Math.abs(Date.now() - (listed[0]?.modifiedAt.getTime() ?? 0))).toBeLessThan(300_000)
      expect(await storage.deletePrefix(`${prefix}/`)).toBe(1_010)
      expect(await keys(prefix)).toEqual([])
    }, 60_000)

    it('a prefix may end anywhere in a key, and the order is that of bytes across folders', async () => {
      const prefix = own()
      const names = ['a/b/1', 'a/b.txt', 'a/b-', 'a/c', 'ab', 'b', 'ä', '\u{1f3a5}', '\uffee']
      const all = names.map((each) => `${prefix}/${each}`)
      await inTurns(4, all, (key) => storage.put(key, Buffer.from('x')))
      expect(await keys(`${prefix}/`)).toEqual(inByteOrder(all))
      expect(await keys(`${prefix}/a`)).toEqual(
        inByteOrder(all.filter((key) => key.startsWith(`${prefix}/a`))),
      )
      expect(await keys(`${prefix}/a/b/`)).toEqual([`${prefix}/a/b/1`])
      expect(await keys(`${prefix}/zzz`)).toEqual([])
      expect(await storage.deletePrefix(`${prefix}/a/b`)).toBe(3)
      expect(await keys(`${prefix}/a`)).toEqual([`${prefix}/a/c`, `${prefix}/ab`])
    })

    it.each([
      'clip #1 +é & (x) 100%.mp4',
      '日本語/フレーム 1.jpg',
      '\u{1f3a5}',
      'it\'s "quoted" <b>?*|:.json',
      'e\u0301 is not \u00e9',
      'x'.repeat(255),
    ])('the key %s is kept as it is', async (name) => {
      const key = `${own()}/${name}`
      await storage.put(key, Buffer.from(name))
      expect((await read(key)).toString()).toBe(name)
      expect(await keys(key)).toEqual([key])
      await storage.delete(key)
      expect(await storage.stat(key)).toBeNull()
    })

    it.each([
      '',
      '/etc/passwd',
      '../outside',
      'a/../../outside',
      'a/./b',
      'a//b',
      'a/',
      'a\\b',
      'a\nb',
      'a\0b',
      '\ud800',
      '.incoming/x',
      'x'.repeat(256),
      `${'x/'.repeat(520)}x`,
    ])('the key %j is refused by every call', async (key) => {
      const refused = { name: 'InvalidInputError', code: 'invalid-object-key' }
      const file = path.join(folder, 'some-file')
      await writeFile(file, 'x')
      await expect(storage.put(key, Buffer.from('x'))).rejects.toMatchObject(refused)
      await expect(storage.putFile(key, file)).rejects.toMatchObject(refused)
      await expect(storage.get(key)).rejects.toMatchObject(refused)
      await expect(storage.getFile(key, `${file}-2`)).rejects.toMatchObject(refused)
      await expect(storage.stat(key)).rejects.toMatchObject(refused)
      await expect(storage.delete(key)).rejects.toMatchObject(refused)
      await expect(storage.signedUrl(key, { expiresSeconds: 60 })).rejects.toMatchObject(refused)
      expect(() => storage.localPath(key)).toThrow(expect.objectContaining(refused))
    })

    it('deletePrefix refuses an empty prefix and one that climbs', async () => {
      const refused = { code: 'invalid-object-key' }
      await expect(storage.deletePrefix('')).rejects.toMatchObject(refused)
      await expect(storage.deletePrefix('../')).rejects.toMatchObject(refused)
      await expect(keys('a/../..')).rejects.toMatchObject(refused)
    })

    it('check passes', async () => {
      await expect(storage.check()).resolves.toBeUndefined()
    })
  })
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function inByteOrder(texts: string[]): string[] {
  return texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

async function inTurns<T>(atOnce: number, items: T[], act: (item: T) => Promise<unknown>) {
  const rest = items.values()
  const turn = async () => {
    for (const item of rest) await act(item)
  }
  await Promise.all(Array.from({ length: atOnce }, turn))
}
