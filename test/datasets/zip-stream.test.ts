import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ZipEntry, zipStream } from '../../src/datasets/exports/zip-stream.ts'

const run = promisify(execFile)
const date = new Date('2026-11-23T01:02:04Z')

describe('zipStream', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-zip-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function written(entries: AsyncIterable<ZipEntry>): Promise<string> {
    const file = path.join(folder, 'x.zip')
    await pipeline(zipStream(entries, date), createWriteStream(file))
    return file
  }

  async function python(file: string, expression: string): Promise<unknown> {
    const script = `import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(json.dumps(${expression}))`
    return JSON.parse((await run('python3', ['-c', script, file])).stdout)
  }

  it('writes texts, bytes and streams that Python and unzip read back', async () => {
    const file = await written(
      (async function* () {
        yield { name: 'text.txt', body: 'Grüße 🙂' }
        yield { name: 'bytes.bin', body: Buffer.from([0, 255, 1]) }
        yield { name: 'empty', body: '' }
        yield {
          name: 'lines/ä.csv',
          body: (async function* () {
            for (let i = 0; i < 5000; i++) yield `line ${i}\n`
          })(),
        }
        yield { name: 'nothing.csv', body: (async function* (): AsyncGenerator<string> {})() }
      })(),
    )
    await run('unzip', ['-tq', file])
    expect(await python(file, '[z.testzip(), z.namelist()]')).toEqual([
      null,
      ['text.txt', 'bytes.bin', 'empty', 'lines/ä.csv', 'nothing.csv'],
    ])
    expect(await python(file, 'z.read("text.txt").decode()')).toBe('Grüße 🙂')
    expect(await python(file, 'list(z.read("bytes.bin"))')).toEqual([0, 255, 1])
    expect(await python(file, '[len(z.read(n)) for n in z.namelist()[2:]]')).toEqual([0, 48890, 0])
    expect(await python(file, 'z.getinfo("empty").date_time')).toEqual([2026, 11, 23, 1, 2, 4])
  })

  it('writes more entries than the old format can count, in memory that stays flat', async () => {
    const count = 66_000
    const body = JSON.stringify(Array.from({ length: 20 }, (_, i) => ({ label: `l${i}` })))
    let most = 0
    const start = process.memoryUsage().arrayBuffers
    const file = await written(
      (async function* () {
        for (let i = 0; i < count; i++) {
          if (i % 5000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - start)
          yield { name: `annotations/${i}.json`, body }
        }
      })(),
    )
    await run('unzip', ['-tq', file])
    expect(await python(file, 'len(z.namelist())')).toBe(count)
    expect(await python(file, 'z.read("annotations/65999.json").decode()')).toBe(body)
    // The directory has 70 bytes an entry, 5 MB in all; what is compressed meanwhile is not kept.
    expect(most).toBeLessThan(40 * 1024 ** 2)
  })

  it('fails with the error of an entry and leaves nothing running', async () => {
    const broken = (async function* () {
      yield { name: 'a', body: 'a' }
      yield {
        name: 'b',
        body: (async function* () {
          yield 'some'
          throw new Error('the database went away')
        })(),
      }
    })()
    await expect(written(broken)).rejects.toThrow('the database went away')
    expect(await broken.next()).toEqual({ done: true, value: undefined })
  })
})
