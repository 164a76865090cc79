/** Words that a task asks for, through the whole program, with graphs of the real interfaces. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyOwl, tinyYolov8 } from '../models/support/tiny-models.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'

interface Answer {
  detections: {
    label: string
    source_label: string
    source: string
    model_name: string
    track_id: number | null
  }[]
  objects_summary: { label: string; count: number; tracks: number | null }[]
  steps: { name: string; state: string; message?: string | null }[]
  annotation: { objects_detected: { label: string; source?: string; tracks?: number }[] }
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-words-'))
  execFileSync('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', 'color=red:s=320x180:d=3:r=10'],
    path.join(folder, 'red.mp4'),
  ])
  await writeFile(path.join(folder, 'yolo.json'), JSON.stringify(await tinyYolov8(folder)))
  await writeFile(path.join(folder, 'owl.json'), JSON.stringify(await tinyOwl(folder)))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The one video of a task with that wish, once it is done. */
async function ingest(library: OwnLibrary, open_vocabulary?: boolean | string[]) {
  const accepted = await library.ask<{ task_id: string; open_vocabulary: string[] | null }>(
    'POST',
    '/api/ingest',
    { path: path.join(folder, 'red.mp4'), platform: 'folder', open_vocabulary },
  )
  expect(accepted.status).toBe(202)
  expect((await library.finished(accepted.body.task_id)).status).toBe('completed')
  const list = await library.ask<{ items: { id: string }[] }>('GET', '/api/videos')
  const { body } = await library.ask<Answer>('GET', `/api/videos/${list.body.items[0]?.id}`)
  return { task: accepted.body, video: body }
}

describe('open vocabulary', () => {
  it('finds what a task asks for, beside what the detector sees, under its own name', async () => {
    await using library = await openOwnLibrary({
      YOLO_MODEL: path.join(folder, 'yolo.json'),
      OPEN_VOCABULARY_MODEL: path.join(folder, 'owl.json'),
    })
    const { task, video } = await ingest(library, ['dog', 'torque wrench'])
    expect(task.open_vocabulary).toEqual(['dog', 'torque wrench'])
    const kinds = new Set(
      video.detections.map(({ label, source, model_name }) => [label, source, model_name].join()),
    )
    expect([...kinds].sort()).toEqual([
      'bottle,detector,tiny-yolov8',
      'dog,open_vocabulary,tiny-owl',
    ])
    // The clip stands still: one object each, on three keyframes.
    expect(video.objects_summary.map(({ label, count, tracks }) => [label, count, tracks])).toEqual(
      expect.arrayContaining([
        ['bottle', 3, 1],
        ['dog', 3, 1],
      ]),
    )
    expect(video.annotation.objects_detected.map(({ label, source }) => [label, source])).toEqual(
      expect.arrayContaining([
        ['bottle', undefined],
        ['dog', 'open_vocabulary'],
      ]),
    )
  })

  it('is off unless a task asks for it', async () => {
    await using library = await openOwnLibrary({
      YOLO_MODEL: path.join(folder, 'yolo.json'),
      OPEN_VOCABULARY_MODEL: path.join(folder, 'owl.json'),
    })
    const { task, video } = await ingest(library)
    expect(task.open_vocabulary).toBeNull()
    expect(new Set(video.detections.map(({ source }) => source))).toEqual(new Set(['detector']))
  })

  it('says by name which model is missing, and makes nothing up', async () => {
    await using library = await openOwnLibrary({ YOLO_MODEL: path.join(folder, 'yolo.json') })
    const { task, video } = await ingest(library, true)
    expect(task.open_vocabulary).toEqual([])
    const step = video.steps.find(({ name }) => name === 'detection')
    expect(step?.state).toBe('done')
    expect(step?.message).toMatch(/Words were not looked for.*owlv2-base is not installed/)
    expect(new Set(video.detections.map(({ source }) => source))).toEqual(new Set(['detector']))
  })
})
