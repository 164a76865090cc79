import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { zipStream } from '../../src/datasets/exports/zip-stream.ts'

const run = promisify(execFile)

it('writes an archive of more than 4 GiB that Python and unzip read to its end', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-zip-'))
  try {
    const file = path.join(folder, 'large.zip')
    const noise = randomBytes(64 * 1024 ** 2)
    await pipeline(
      zipStream(
        (async function* () {
          for (let i = 0; i < 65; i++) yield { name: `noise/${i}`, body: noise }
          yield { name: 'last.txt', body: 'the end' }
        })(),
        new Date('2026-11-23T00:00:00Z'),
      ),
      createWriteStream(file),
    )
    const script = `import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(len(z.namelist()), z.getinfo("last.txt").header_offset > 2**32, z.read("last.txt").decode())`
    const { stdout } = await run('python3', ['-c', script, file])
    expect(stdout.trim()).toBe('66 True the end')
    await run('unzip', ['-tq', file, 'noise/0', 'last.txt'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
