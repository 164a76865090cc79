/**
 * `npm run bench:pages [-- --json] [--videos N]`: how the pages do in a real Chromium with 10,000
 * videos in the library, and with one video of an hour (3,600 keyframes, 10,800 boxes): the JavaScript
 * of the first page, the time until each page shows its contents, the longest task that blocked it,
 * the longest task while its grid or timeline is scrolled, and its largest answer.
 *
 * The last line is JSON. `--json` leaves out the table before it.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import type { Browser, Page } from 'playwright-core'
import { buildApp } from '../src/api/app.ts'
import { readSettings } from '../src/config/settings.ts'
import { openServices } from '../src/services.ts'
import { openBrowser } from '../test/support/browser.ts'
import { fillLibrary, storePictures } from './support/fill-library.ts'
import { keptLibrary } from './support/kept-library.ts'

interface Measured {
  page: string
  /** Milliseconds from the start of the navigation until the contents are there; of several runs. */
  shownMedian: number
  shownWorst: number
  /** Milliseconds of the longest task while it was loaded. */
  longestTask: number
  /** The same while it was scrolled or zoomed; null where nothing was. */
  longestTaskMoving: number | null
  /** Bytes of the largest JSON answer, as it is before compression. */
  largestAnswer: number
}

const RUNS = 5
const TIMELINE = 'section[aria-label=Timeline] canvas'
const onlyJson = process.argv.includes('--json')
const videos = Number(process.argv[process.argv.indexOf('--videos') + 1] || 0) || 10_000

execFileSync(process.execPath, [path.join(import.meta.dirname, '../scripts/build.mjs')])
const measured: Measured[] = []
{
  await using browser = await disposable(await openBrowser())
  const kept = await keptLibrary({ videos, keyframesPerVideo: 60, vectorsPerVideo: 1 })
  await serving(kept, async (url) => {
    const id = await firstVideo(url)
    const grid = 'main a[href^="/videos/"]'
    measured.push(
      await measure(browser.value, 'overview', `${url}/`, 'text=/Recent tasks/i'),
      await measure(browser.value, 'search, all videos', `${url}/search`, grid, scrollGrid),
      await measure(browser.value, 'search, filtered', `${url}/search?objects=truck`, grid),
      await measure(browser.value, 'video', `${url}/videos/${id}`, TIMELINE),
      await measure(browser.value, 'datasets', `${url}/datasets`, 'main a[href^="/datasets/"]'),
    )
  })
  const long = await mkdtemp(path.join(tmpdir(), 'forgeindex-bench-'))
  try {
    await makeLongVideo(long)
    await serving(long, async (url) => {
      const page = `${url}/videos/${await firstVideo(url)}`
      measured.push(await measure(browser.value, 'video of an hour', page, TIMELINE, zoomTimeline))
    })
  } finally {
    await rm(long, { recursive: true, force: true })
  }
}
const javascript = initialJavascript()
if (!onlyJson) print()
console.log(JSON.stringify({ videos, runs: RUNS, load: loadavg()[0], ...javascript, measured }))

async function measure(
  browser: Browser,
  name: string,
  url: string,
  contents: string,
  move?: (page: Page) => Promise<void>,
): Promise<Measured> {
  const shown: number[] = []
  let longestTask = 0
  let longestTaskMoving: number | null = null
  let largestAnswer = 0
  for (let run = 0; run < RUNS; run++) {
    // A new context has no cache: each run is a first visit.
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    const page = await context.newPage()
    await page.addInitScript(watchTasks)
    page.on('response', async (answer) => {
      if (!answer.headers()['content-type']?.includes('json')) return
      const body = await answer.body().catch(() => null)
      largestAnswer = Math.max(largestAnswer, body?.byteLength ?? 0)
    })
    const start = performance.now()
    await page.goto(url, { waitUntil: 'commit' })
    await page.locator(contents).first().waitFor({ state: 'visible' })
    shown.push(performance.now() - start)
    await page.waitForTimeout(1_000)
    longestTask = Math.max(longestTask, await longestSince(page))
    if (move) {
      await move(page)
      longestTaskMoving = Math.max(longestTaskMoving ?? 0, await longestSince(page))
    }
    await context.close()
  }
  shown.sort((a, b) => a - b)
  return {
    page: name,
    shownMedian: Math.round(shown[Math.floor(RUNS / 2)]!),
    shownWorst: Math.round(shown.at(-1)!),
    longestTask,
    longestTaskMoving,
    largestAnswer,
  }
}

/** Keeps the longest task since it was last asked. Runs in the page. */
function watchTasks() {
  const kept = globalThis as unknown as { longest: number }
  kept.longest = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) kept.longest = Math.max(kept.longest, duration)
  }).observe({ type: 'longtask' as 'measure', buffered: true })
}

async function longestSince(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const kept = globalThis as unknown as { longest: number }
    const { longest } = kept
    kept.longest = 0
    return Math.round(longest)
  })
}

/** Forty turns of the wheel, faster than a person's. */
async function scrollGrid(page: Page): Promise<void> {
  await page.mouse.move(800, 500)
  for (let turn = 0; turn < 40; turn++) {
    await page.mouse.wheel(0, 900)
    await page.waitForTimeout(50)
  }
}

/** Zooms far in, moves along, zooms out. */
async function zoomTimeline(page: Page): Promise<void> {
  await page.getByRole('slider', { name: /Timeline/ }).focus()
  for (const key of ['+', '+', '+', '+', '+', '+']) await page.keyboard.press(key, { delay: 60 })
  for (let step = 0; step < 20; step++) await page.keyboard.press('Shift+ArrowRight', { delay: 60 })
  for (const key of ['-', '-', '-', '0']) await page.keyboard.press(key, { delay: 60 })
  await page.waitForTimeout(500)
}

async function serving(folder: string, body: (url: string) => Promise<void>): Promise<void> {
  await using services = await openServices(
    readSettings({ FORGEINDEX_DATA_DIR: folder, LOG_LEVEL: 'error' }),
  )
  const app = await buildApp(services, { localToken: null, loopbackOnly: true })
  try {
    await body(await app.listen({ host: '127.0.0.1', port: 0 }))
  } finally {
    await app.close()
  }
}

async function firstVideo(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/videos?limit=1&status=completed`)
  return ((await answer.json()) as { items: { id: string }[] }).items[0]!.id
}

async function makeLongVideo(folder: string): Promise<void> {
  await using services = await openServices(
    readSettings({ FORGEINDEX_DATA_DIR: folder, LOG_LEVEL: 'error' }),
  )
  const { db } = services.database
  await fillLibrary(db, { videos: 1, keyframesPerVideo: 3_600 })
  await storePictures(services.storage)
  await sql`update keyframes k set timestamp = k.timestamp / v.duration * 3600
    from videos v where v.id = k.video_id`.execute(db)
  await sql`update videos set duration = 3600`.execute(db)
}

/** What the first page loads before it runs: the entry and what it imports at once, gzipped. */
function initialJavascript(): { initialJavascriptGzip: number; allJavascriptGzip: number } {
  const dist = path.join(import.meta.dirname, '../frontend/dist')
  const html = readFileSync(path.join(dist, 'index.html'), 'utf8')
  const size = (name: string) => statSync(path.join(dist, `${name}.gz`), { throwIfNoEntry: false })
  const named = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(
    (match) => match[1]!,
  )
  const all = readdirSync(path.join(dist, 'assets')).filter((name) => name.endsWith('.js'))
  const sum = (names: string[]) =>
    names.reduce(
      (total, name) => total + (size(name)?.size ?? statSync(path.join(dist, name)).size),
      0,
    )
  return {
    initialJavascriptGzip: sum(named),
    allJavascriptGzip: sum(all.map((name) => `assets/${name}`)),
  }
}

async function disposable(browser: Browser) {
  return { value: browser, [Symbol.asyncDispose]: () => browser.close() }
}

function print(): void {
  console.log(`\nJavaScript of the first page: ${javascript.initialJavascriptGzip} bytes gzipped\n`)
  console.log('| page | shown, median | worst | longest task | while moving | largest answer |')
  console.log('|---|---|---|---|---|---|')
  for (const row of measured) {
    const moving = row.longestTaskMoving === null ? '–' : `${row.longestTaskMoving} ms`
    console.log(
      `| ${row.page} | ${row.shownMedian} ms | ${row.shownWorst} ms | ${row.longestTask} ms | ${moving} | ${Math.round(row.largestAnswer / 1000)} kB |`,
    )
  }
}
