import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { InvalidInputError, TransientError, toError } from '../errors.ts'
import { openLibrary } from './library.ts'
import { printJson, printLine, printTable } from './report.ts'
import { parseFilter } from './search.ts'

interface DatasetJson {
  id: string
  name: string
  description: string | null
  video_count: number
  version: number
  filters: Record<string, unknown>
  created_at: string
}

/** `forgeindex dataset create NAME` */
export async function datasetCreate(
  name: string,
  options: { filter?: string; description?: string; json?: boolean },
): Promise<number> {
  const filters = parseFilter(options.filter)
  await using library = await openLibrary()
  const dataset = await library.request<DatasetJson>('POST', '/api/dataset', {
    name,
    filters,
    ...(options.description ? { description: options.description } : {}),
  })
  if (options.json) printJson(dataset)
  else {
    printLine(`Dataset ${dataset.id}: ${dataset.video_count} videos.`)
    printLine(`forgeindex export ${dataset.id} --out ${name.replace(/[^\w-]+/g, '-')}.zip`)
  }
  return 0
}

/** `forgeindex dataset [list]` */
export async function datasetList(options: { json?: boolean }): Promise<number> {
  await using library = await openLibrary()
  const { items } = await library.request<{ items: DatasetJson[] }>('GET', '/api/dataset?limit=200')
  if (options.json) printJson({ items })
  else {
    printTable(
      ['id', 'videos', 'version', 'name', 'filters'],
      items.map((item) => [
        item.id,
        String(item.video_count),
        String(item.version),
        item.name,
        JSON.stringify(item.filters),
      ]),
    )
  }
  return 0
}

/** `forgeindex dataset show ID` */
export async function datasetShow(id: string): Promise<number> {
  await using library = await openLibrary()
  printJson(await library.request<DatasetJson>('GET', `/api/dataset/${encodeURIComponent(id)}`))
  return 0
}

/** `forgeindex export ID --out FILE`: the file appears only when it is whole. */
export async function exportDataset(
  id: string,
  options: { format: string; out: string; json?: boolean },
): Promise<number> {
  const out = path.resolve(options.out)
  if ((await stat(path.dirname(out)).catch(() => null))?.isDirectory() !== true) {
    throw new InvalidInputError('path-not-found', `--out: there is no folder ${path.dirname(out)}.`)
  }
  await using library = await openLibrary()
  const format = encodeURIComponent(options.format)
  const stream = await library.download(
    `/api/dataset/${encodeURIComponent(id)}/export?format=${format}`,
  )
  const draft = `${out}.${process.pid}.part`
  try {
    await pipeline(stream, createWriteStream(draft))
    await rename(draft, out)
  } catch (thrown) {
    await rm(draft, { force: true })
    const { code } = toError(thrown) as NodeJS.ErrnoException
    if (code === 'ENOSPC') {
      throw new TransientError('disk-full', `The disk of ${out} is full; nothing was written.`)
    }
    throw thrown
  }
  const { size } = await stat(out)
  if (options.json) printJson({ id, format: options.format, file: out, bytes: size })
  else printLine(`${out} (${size} bytes)`)
  return 0
}
