import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { readSettings } from '../../src/config/settings.ts'
import { openStorage } from '../../src/config/storage.ts'
import { makeClip } from '../support/clip.ts'
import { endOfTask, programLibrary } from '../support/program.ts'
import { s3TestSettings, testDatabaseUrl } from '../support/servers.ts'

const BIG_BYTES = 300 * 1024 ** 2
const BOUNDARY = 'part-of-a-test'
const s3 = s3TestSettings()

/** Two machines: nothing is shared but the database and the object store. */
test.skipIf(!testDatabaseUrl() || !s3)(
  'what one machine takes in, another works on; what it makes, the first gives out',
  async () => {
    const variables: Record<string, string> = {
      MINIO_ENDPOINT: s3?.endpoint ?? '',
      MINIO_ACCESS_KEY: s3?.accessKey ?? '',
      MINIO_SECRET_KEY: s3?.secretKey ?? '',
      MINIO_BUCKET: s3?.bucket ?? '',
    }
    await using front = await programLibrary(variables, { form: 'server' })
    await using back = await programLibrary({
      ...variables,
      DATABASE_URL: front.databaseUrl ?? '',
    })
    const api = await front.serve('--role', 'api')
    await mkdir(path.join(front.folder, 'clips'))
    const clips = ['lathe.mp4', 'mill.mp4'].map((name) => path.join(front.folder, 'clips', name))
    await makeClip(clips[0]!, { seconds: 3 })
    await makeClip(clips[1]!, { seconds: 2, pattern: 'smptebars' })
    const big = path.join(front.folder, 'clips', 'big.bin')
    await writeFile(big, Readable.from(noise(BIG_BYTES)))

    const before = peakMegabytes(api.program.pid)
    const { status, body } = await upload(new URL('/api/upload', api.url), [...clips, big])
    expect(status, JSON.stringify(body)).toBe(202)
    // Parts of 8 MiB, three on their way: the rest of the growth is the collector's patience.
    const grown = peakMegabytes(api.program.pid) - before
    console.info(`uploading ${BIG_BYTES / 1024 ** 2} MiB: the peak grew by ${grown} MB`)
    expect(grown).toBeLessThan(200)

    const worker = back.start('worker')
    await worker.saw(/Forgeindex works/)
    const task = await endOfTask<Record<string, unknown> & { status: string }>(
      api,
      String(body.task_id),
    )
    expect(task).toMatchObject({
      status: 'completed',
      videos_found: 3,
      videos_processed: 2,
      videos_failed: 1,
      failures: { 'not-a-video': 1 },
    })

    const dataset = await api.ask<{ id: string }>('POST', '/api/dataset', { name: 'all' })
    const started = await api.ask<{ id: string }>('POST', `/api/dataset/${dataset.body.id}/exports`)
    const made = async () =>
      (await api.ask<{ state: string }>('GET', `/api/exports/${started.body.id}`)).body.state
    await expect.poll(made, { timeout: 60_000, interval: 200 }).toBe('done')
    const bytes = async (at: string) =>
      Buffer.from(await (await fetch(new URL(at, api.url))).arrayBuffer())
    const archive = await bytes(`/api/exports/${started.body.id}/download`)
    expect(archive.equals(await bytes(`/api/dataset/${dataset.body.id}/export`))).toBe(true)

    for (const program of [worker, api.program]) {
      program.kill('SIGTERM')
      const { code, stderr } = await program.ended
      expect(code, stderr).toBe(0)
    }
    expect(filesUnder(front.dataDir), 'the API keeps nothing on its own disk').toEqual([])
    expect(filesUnder(back.dataDir), 'nor does a worker, once it is done').toEqual([])
    await using storage = await openStorage(readSettings(variables))
    const waiting: string[] = []
    for await (const { key } of storage.list('incoming/')) waiting.push(key)
    expect(waiting).toEqual([])
    for (const prefix of ['videos/', 'exports/']) await storage.deletePrefix(prefix)
  },
  240_000,
)

function* noise(bytes: number): Generator<Buffer> {
  const block = Buffer.from(Array.from({ length: 1024 ** 2 }, (_, i) => (i * 7919) % 251))
  for (let sent = 0; sent < bytes; sent += block.length) yield block
}

/** One multipart request, streamed from the disk. */
async function upload(url: URL, files: string[]): Promise<{ status: number; body: Answer }> {
  const heads = files.map((file) =>
    Buffer.from(
      `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="${path.basename(file)}"` +
        '\r\ncontent-type: application/octet-stream\r\n\r\n',
    ),
  )
  const end = Buffer.from(`--${BOUNDARY}--\r\n`)
  let length = end.length
  for (const [i, file] of files.entries()) {
    length += (heads[i]?.length ?? 0) + (await stat(file)).size + 2
  }
  async function* body() {
    for (const [i, file] of files.entries()) {
      yield heads[i]
      yield* createReadStream(file)
      yield Buffer.from('\r\n')
    }
    yield end
  }
  const request = httpRequest(url, {
    method: 'POST',
    headers: {
      'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      'content-length': length,
    },
  })
  const answered = new Promise<{ status: number; body: Answer }>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', async (answer) => {
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk as Buffer)
      const text = Buffer.concat(chunks).toString()
      resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as Answer })
    })
  })
  await pipeline(Readable.from(body()), request)
  return await answered
}

type Answer = Record<string, unknown>

/** The most memory a process has had so far, in MB (VmHWM, proc(5)). */
function peakMegabytes(pid: number): number {
  const [, kilobytes] =
    /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kilobytes) / 1024)
}

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
}
