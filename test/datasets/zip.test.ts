// Long because each case spells out what an archive holds.
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import type { Database } from '../../src/config/database.ts'
import { exportZip } from '../../src/datasets/exports/zip.ts'
import { createDataset } from '../../src/datasets/versions.ts'
import { datasetItems, getDataset, listDatasets } from '../../src/store/datasets.ts'
import { forgetVideoRows } from '../../src/store/forgotten.ts'
import { deleteVideo } from '../../src/store/videos.ts'
import { eachDatabase, emptyDatabase } from '../support/library.ts'
import { insertVideo } from '../support/rows.ts'

const run = promisify(execFile)
const taxonomy = { name: 'manufacturing', version: '1', categories: { cnc: ['cnc', 'milling'] } }

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** What a spreadsheet or a shell must never take for its own. */
const BAD_TITLES = [
  '../../etc/passwd',
  '=cmd|" /C calc"!A0',
  '+1+1',
  '-2',
  '@SUM(A1)',
  '\tTab',
  '\nLine',
  'Comma, "quote" and\r\nline',
  '🔧 Fräsen | *bold* `code`',
  'C:\\Windows\\x',
]

eachDatabase('datasets', (open) => {
  let database: Database
  let folder: string
  beforeAll(async () => {
    database = await open()
    folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-zip-'))
  })
  afterAll(async () => {
    await database?.close()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(() => emptyDatabase(database))

  /** A completed video with an annotation as the pipeline writes it. */
  async function addVideo(columns: Parameters<typeof insertVideo>[1], labels: string[] = []) {
    const { db } = database
    const id = await insertVideo(db, columns)
    const row = await db
      .selectFrom('videos')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const annotation = {
      schema_version: '1.0',
      video: { id, title: row.title, source_url: row.source_url, duration: row.duration },
      category: 'cnc',
      objects_detected: labels.map((label) => ({ label, source_label: label, count: 3 })),
      actions: [{ label: 'tool_usage', start_time: 0, end_time: 3, confidence: 0.7, metadata: {} }],
      transcript: { language: 'en', full_text: 'Hello.', segments: [] },
      tags: ['cnc', 'tool_usage'],
      models: [{ step: 'detection', name: 'yolov8n', revision: 'r1', licence: 'AGPL-3.0' }],
    }
    await db
      .insertInto('annotations')
      .values({ video_id: id, data: JSON.stringify(annotation), sha256: 'f'.repeat(64) })
      .execute()
    return { id, annotation }
  }

  async function written(datasetId: string, name = 'export.zip'): Promise<string> {
    const { stream } = await exportZip({ database }, datasetId)
    const file = path.join(folder, name)
    await pipeline(stream, createWriteStream(file))
    return file
  }

  /** The archive as Python reads it: entry names, texts, and metadata.csv as rows. */
  async function readByPython(file: string) {
    const script = `
import csv, io, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    texts = {i.filename: z.read(i).decode("utf-8") for i in z.infolist()}
    dates = sorted({str(i.date_time) for i in z.infolist()})
rows = list(csv.DictReader(io.StringIO(texts["metadata.csv"], newline="")))
print(json.dumps({"texts": texts, "rows": rows, "dates": dates}))`
    const { stdout } = await run('python3', ['-c', script, file], { maxBuffer: 64 * 1024 ** 2 })
    return JSON.parse(stdout) as {
      texts: Record<string, string>
      rows: Record<string, string>[]
      dates: string[]
    }
  }

  describe('createDataset', () => {
    it('freezes the completed videos with an annotation that match, by creation', async () => {
      const { db } = database
      const second = await addVideo({ platform: 'youtube', created_at: '2026-01-02T00:00:00Z' })
      const first = await addVideo({ platform: 'youtube', created_at: '2026-01-01T00:00:00Z' })
      await addVideo({ platform: 'folder' })
      await addVideo({ platform: 'youtube', status: 'failed' })
      await insertVideo(db, { platform: 'youtube' })
      const dataset = await createDataset(db, {
        name: '  Mills ',
        filters: { platform: ['youtube'] },
        taxonomy,
      })
      expect(dataset).toMatchObject({
        name: 'Mills',
        description: null,
        version: 1,
        videoCount: 2,
        filters: { platform: ['youtube'] },
        taxonomy,
      })
      const items = await collected(datasetItems(db, dataset, { batch: 1 }))
      expect(items.map((item) => [item.position, item.videoId])).toEqual([
        [1, first.id],
        [2, second.id],
      ])
      expect(items[0]!.annotation).toEqual(first.annotation)
      expect(items[0]!.contentSha256).toHaveLength(64)
    })

    it('does not change with the library, and loses only a deleted video', async () => {
      const { db } = database
      const kept = await addVideo({ title: 'Before' })
      const gone = await addVideo({})
      const dataset = await createDataset(db, { name: 'd', filters: {}, taxonomy })
      await addVideo({})
      await db.updateTable('annotations').set({ data: '{"changed":true}' }).execute()
      await deleteVideo(db, gone.id)
      const items = await collected(datasetItems(db, dataset, { batch: 10 }))
      expect(items.map((item) => item.annotation)).toEqual([kept.annotation])
    })

    it('refuses an empty name and a description of 20,000 characters', async () => {
      const description = 'x'.repeat(20_000)
      await expect(
        createDataset(database.db, { name: ' ', description, filters: {}, taxonomy }),
      ).rejects.toMatchObject({
        code: 'invalid-dataset',
        faults: [{ path: 'name' }, { path: 'description' }],
      })
    })
  })

  describe('listDatasets and getDataset', () => {
    it('give all datasets, newest first, page by page', async () => {
      const { db } = database
      const made: string[] = []
      for (let i = 0; i < 5; i++) {
        made.unshift((await createDataset(db, { name: `d${i}`, filters: {}, taxonomy })).id)
      }
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page = await listDatasets(db, { limit: 2, cursor })
        seen.push(...page.items.map((dataset) => dataset.id))
        cursor = page.nextCursor
      } while (cursor)
      expect(seen).toEqual(made)
      expect((await getDataset(db, made[0]!)).name).toBe('d4')
    })

    it.each(['no-id', '00000000-0000-4000-8000-000000000000', '../x'])(
      'do not know %s',
      async (id) => {
        await expect(getDataset(database.db, id)).rejects.toMatchObject({
          code: 'dataset-not-found',
        })
        await expect(exportZip({ database }, id)).rejects.toMatchObject({
          code: 'dataset-not-found',
        })
      },
    )
  })

  describe('exportZip', () => {
    it('holds annotations, metadata, taxonomy and README, and unzip and Python read it', async () => {
      const { db } = database
      const bad = []
      for (const title of BAD_TITLES) {
        bad.push(await addVideo({ title, uploader: '=1+1', licence: 'CC | BY' }, ['person', 'car']))
      }
      await addVideo({ title: 'Plain', duration: -1.5, width: null, has_audio: null })
      const dataset = await createDataset(db, {
        name: '# Evil | `name`\n## more',
        description: 'One\ntwo',
        filters: { category: ['other'] },
        taxonomy,
      })
      const file = await written(dataset.id)
      await run('unzip', ['-tq', file])
      const { texts, rows } = await readByPython(file)

      expect(Object.keys(texts).sort()).toEqual(
        [
          'README.md',
          'metadata.csv',
          'taxonomy.yaml',
          ...rows.map((row) => `annotations/${row.video_id}.json`),
        ].sort(),
      )
      expect(rows).toHaveLength(BAD_TITLES.length + 1)
      for (const [i, title] of BAD_TITLES.entries()) {
        const row = rows[i]!
        expect(row.video_id).toBe(bad[i]!.id)
        expect(row.title).toBe(/^[=+\-@\t\r\n]/.test(title) ? `'${title}` : title)
        expect(row.uploader).toBe("'=1+1")
        expect(row.objects).toBe('car;person')
        expect(row.activities).toBe('tool_usage')
        expect(row.tags).toBe('cnc;tool_usage')
        expect(row.language).toBe('en')
        expect(JSON.parse(texts[row.annotation_file!]!)).toEqual(bad[i]!.annotation)
      }
      // A number keeps its minus; what is not known is empty.
      expect(rows.at(-1)).toMatchObject({ duration: '-1.5', width: '', has_audio: '', licence: '' })
      expect(parseYaml(texts['taxonomy.yaml']!)).toEqual(taxonomy)

      const readme = texts['README.md']!
      expect(readme.split('\n')[0]).toBe('# # Evil \\| \\`name\\` ## more')
      expect(readme).toContain('> One\n> two')
      expect(readme).toContain('Chosen: category other')
      expect(readme).toContain(`metadata of ${rows.length} videos`)
      expect(readme).toContain('| CC \\| BY | 10 |')
      expect(readme).toContain('| none stated | 1 |')
      expect(readme).toContain('The YOLO weights of Ultralytics are licensed under AGPL-3.0')
      for (const column of Object.keys(rows[0]!)) expect(readme).toContain(`| \`${column}\` |`)
    })

    it('names the licence, its evidence and the author of each video, and what was withdrawn', async () => {
      const { db } = database
      const page = 'https://commons.wikimedia.org/wiki/File:A.webm'
      const { id } = await addVideo({
        title: 'Bowl | turned',
        source_url: page,
        uploader: 'Ann',
        licence: 'CC-BY-SA-4.0',
        licence_evidence: JSON.stringify({ field: 'f', value: 'CC BY-SA 4.0', page }),
        fetched_with: 'direct',
        fetched_at: '2026-01-02T03:04:05Z',
      })
      await addVideo({ licence: 'CC0-1.0' })
      await addVideo({ licence: 'Some words of the site' })
      const gone = await addVideo({ title: 'Gone', licence: 'CC-BY-4.0', uploader: 'Bob' })
      const dataset = await createDataset(db, { name: 'd', filters: {}, taxonomy })
      const whole = await readByPython(await written(dataset.id))
      expect(whole.texts['README.md']).not.toContain('withdrawn')
      await db.transaction().execute((trx) => forgetVideoRows(trx, gone.id, 'asked'))

      const { texts, rows } = await readByPython(await written(dataset.id))
      expect(rows).toHaveLength(3)
      const line =
        `"Bowl | turned" by Ann, ${page}, ` +
        'CC-BY-SA-4.0 (https://creativecommons.org/licenses/by-sa/4.0/)'
      expect(rows.find(({ video_id }) => video_id === id)).toMatchObject({
        licence: 'CC-BY-SA-4.0',
        licence_spdx: 'CC-BY-SA-4.0',
        licence_url: 'https://creativecommons.org/licenses/by-sa/4.0/',
        licence_evidence_url: page,
        attribution: line,
        retrieved_at: '2026-01-02T03:04:05.000Z',
        fetched_with: 'direct',
        content_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
      expect(rows.map((row) => row.licence_spdx).sort()).toEqual(['', 'CC-BY-SA-4.0', 'CC0-1.0'])
      const readme = texts['README.md']!
      expect(readme).toContain('metadata of 3 videos')
      expect(readme).toContain('1 video was withdrawn')
      expect(readme).toContain('| CC-BY-SA-4.0 | 1 |')
      expect(readme).toContain('| Some words of the site | 1 |')
      expect(readme).toContain(`- ${line.replace('|', '\\|')}`)
      const attributions = readme.slice(readme.indexOf('### Attributions'))
      expect(attributions.match(/^- /gm)).toHaveLength(2)
      expect(JSON.stringify(texts)).not.toContain(gone.id)
      expect(readme).not.toContain('Bob')
    })

    it('gives the same bytes each time, under a name made of the id', async () => {
      await addVideo({}, ['person'])
      const dataset = await createDataset(database.db, { name: '../x', filters: {}, taxonomy })
      const first = await readFile(await written(dataset.id, 'a.zip'))
      const zone = process.env.TZ
      process.env.TZ = 'Asia/Kolkata'
      try {
        expect((await readFile(await written(dataset.id, 'b.zip'))).equals(first)).toBe(true)
      } finally {
        if (zone === undefined) delete process.env.TZ
        else process.env.TZ = zone
      }
      const { stream, fileName } = await exportZip({ database }, dataset.id)
      stream.destroy()
      expect(fileName).toBe(`forgeindex-${dataset.id}-v1.zip`)
      const { dates } = await readByPython(path.join(folder, 'a.zip'))
      expect(dates).toHaveLength(1)
      expect(dates[0]).toContain(`(${new Date().getUTCFullYear()}, `)
    })

    it('writes a taxonomy kept as YAML text as it is', async () => {
      const yaml = '# Ours\nname: welding\ncategories: {}\n'
      const kept = { name: 'welding', yaml }
      const dataset = await createDataset(database.db, { name: 'd', filters: {}, taxonomy: kept })
      const { texts } = await readByPython(await written(dataset.id))
      expect(texts['taxonomy.yaml']).toBe(yaml)
    })

    it('exports an empty dataset', async () => {
      const dataset = await createDataset(database.db, { name: 'none', filters: {}, taxonomy })
      const file = await written(dataset.id)
      await run('unzip', ['-tq', file])
      const { texts, rows } = await readByPython(file)
      expect(rows).toEqual([])
      expect(Object.keys(texts)).toEqual(['metadata.csv', 'taxonomy.yaml', 'README.md'])
      expect(texts['metadata.csv']).toMatch(/^video_id,title,source_url,/)
    })

    it('leaves the database free when the reader goes away', async () => {
      for (let i = 0; i < 120; i++) await addVideo({}, ['person'])
      const dataset = await createDataset(database.db, { name: 'd', filters: {}, taxonomy })
      const { stream } = await exportZip({ database }, dataset.id)
      for await (const chunk of stream) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      expect(stream.destroyed).toBe(true)
      expect((await getDataset(database.db, dataset.id)).videoCount).toBe(120)
    })
  })
})
