/** What the library holds after the ingestion, in numbers, searches and a dataset's export. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { forgeindex } from './library.mjs'

const MAX_QUERIES = 4

/** Every video of the library in full, oldest last. */
export async function allVideos(library) {
  const videos = []
  let cursor = null
  do {
    const page = await library.get(
      `/api/videos?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    )
    for (const { id } of page.items) videos.push(await library.get(`/api/videos/${id}`))
    cursor = page.next_cursor
  } while (cursor)
  return videos
}

/** One row of the summary for a video. */
export function rowOf(video) {
  const words = (video.transcript?.full_text ?? '').split(/\s+/).filter(Boolean).length
  return {
    title: video.title,
    status: video.failure ? `failed: ${video.failure.message}` : video.status,
    keyframes: video.keyframes.length,
    objects: countsOf(video.detections),
    concepts: countsOf(video.concepts),
    activities: video.activities.length,
    words,
    duplicates: video.duplicates.length,
  }
}

/** How often each label occurs, most frequent first: `[['person', 12], …]`. */
export function countsOf(labels) {
  const counts = new Map()
  for (const { label } of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])
}

/** Searches that fit what was found: labels, a phrase that was spoken, words of a title. */
export function queriesFor(videos) {
  const labels = countsOf(videos.flatMap((video) => [...video.detections, ...video.activities]))
  const spoken = videos
    .map((video) => longWords(video.transcript?.full_text ?? ''))
    .sort((a, b) => b.length - a.length)[0]
  const queries = labels.slice(0, 2).map(([label]) => label.replaceAll('_', ' '))
  if (spoken && spoken.length >= 3) queries.push(spoken.slice(0, 3).join(' '))
  for (const { title } of videos) {
    queries.push(
      longWords(title.replace(/\.\w+$/, ''))
        .slice(0, 3)
        .join(' '),
    )
  }
  return [...new Set(queries.filter(Boolean))].slice(0, MAX_QUERIES)
}

function longWords(text) {
  return text.match(/[\p{L}\p{N}]{4,}/gu) ?? []
}

/**
 * Freezes the completed videos into a dataset named `demo` and exports it. A library that did not
 * change since keeps the dataset it has.
 *
 * @returns {Promise<{file: string, videos: number, bytes: number}>}
 */
export async function exportDataset(settings, videos) {
  const memory = path.join(settings.dataDir, 'demo.json')
  const completed = videos.filter((video) => video.status === 'completed')
  const state = completed.map((video) => [video.id, video.annotation])
  const of = createHash('sha256').update(JSON.stringify(state)).digest('hex')
  const before = existsSync(memory) ? JSON.parse(readFileSync(memory, 'utf8')) : null
  let dataset = before?.of === of ? before.dataset : null
  const file = path.join(settings.dataDir, 'exports', 'demo.zip')
  if (!dataset || !existsSync(file)) {
    const created = await forgeindex(['dataset', 'create', 'demo', '--json'])
    if (created.code !== 0) throw new Error('the dataset could not be created')
    dataset = { id: created.answer.id, videos: created.answer.video_count }
    mkdirSync(path.dirname(file), { recursive: true })
    rmSync(file, { force: true })
    const { code } = await forgeindex(['export', dataset.id, '--format', 'zip', '--out', file])
    if (code !== 0) throw new Error('the export could not be written')
    writeFileSync(memory, JSON.stringify({ of, dataset }))
  }
  return { file, videos: dataset.videos, bytes: statSync(file).size }
}
