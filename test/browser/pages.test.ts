import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  chromiumProgram,
  openBrowser,
  openPage,
  seriousFindings,
  type WatchedPage,
} from '../support/browser.ts'
import { realModels } from '../support/own-library.ts'
import { type ProgramLibrary, programLibrary, type RunningServer } from '../support/program.ts'
import { testData } from '../support/test-data.ts'
import { zipEntries } from '../support/zip-entries.ts'

const models = realModels()
const clips = [
  'worker-zone-speech-jfk.mp4',
  'worker-zone-neardup.webm',
  'three-scenes-cuts-at-5s-10s.mp4',
].map((name) => testData(`videos/${name}`))
const files = clips.every((file) => file !== null) ? (clips as string[]) : null

/** One person's way through all pages, each step on what the one before left. */
describe.skipIf(!chromiumProgram() || !models || !files)(
  'the pages in Chromium, on real clips and weights (needs Chromium and the shared test data)',
  () => {
    let library: ProgramLibrary
    let port: number
    let server: RunningServer
    let browser: Browser
    let watched: WatchedPage
    let page: Page
    const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-browser-'))

    beforeAll(async () => {
      library = await programLibrary({ ...models, LOG_LEVEL: 'warn' })
      port = await freePort()
      server = await library.serve('--port', String(port))
      browser = await openBrowser()
      watched = await openPage(browser, `http://127.0.0.1:${port}`)
      page = watched.page
    })

    afterAll(async () => {
      await browser?.close()
      await library?.[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    })

    it.each(['/', '/search', '/datasets'])(
      'shows %s of an empty library without serious faults',
      async (at) => {
        await page.goto(at)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await page
          .getByRole('status', { name: /Loading|Counting/ })
          .first()
          .waitFor({ state: 'detached' })
        expect(await seriousFindings(page)).toEqual([])
      },
    )

    it('ingests by the upload form and shows the task until it is completed', async () => {
      await page.goto('/')
      await page.getByRole('tab', { name: 'Upload' }).click()
      await page.locator('input[type=file]').setInputFiles(files!)
      await page.getByRole('button', { name: /Upload 3 videos/ }).click()
      const task = page.getByRole('article').first()
      await task.getByText('completed', { exact: true }).waitFor({ timeout: 180_000 })
      await expect.poll(() => task.textContent()).toContain('3 found · 3 processed · 1 duplicate')
      const videos = page
        .locator('main')
        .getByText('Videos', { exact: true })
        .locator('..')
        .locator('..')
      await expect.poll(() => videos.textContent()).toContain('3')
      expect(await seriousFindings(page)).toEqual([])
    })

    it('searches, keeps words and filters in the address, and finds them again after a reload', async () => {
      await page.goto('/search')
      await page.getByLabel('Search videos in words').fill('a person walking')
      await page.keyboard.press('Enter')
      await page.waitForURL(/q=a\+person\+walking/)
      await page
        .getByRole('complementary', { name: 'Filters' })
        .getByLabel(/person/)
        .first()
        .click()
      await page.waitForURL(/objects=person/)
      await page.reload()
      await expect(page.getByLabel('Search videos in words').inputValue()).resolves.toBe(
        'a person walking',
      )
      await cards(page).first().waitFor()
      expect(new URL(page.url()).searchParams.get('objects')).toBe('person')
      expect(await seriousFindings(page)).toEqual([])
    })

    it('opens the best moment: the player stands at its time', async () => {
      const moment = page.getByRole('link', { name: /three-scenes.* at \d+:\d\d/ }).first()
      await moment.click()
      await page.waitForURL(/\/videos\/[^?]+\?t=/)
      const wanted = Number(new URL(page.url()).searchParams.get('t'))
      await expect.poll(() => currentTime(page), { timeout: 20_000 }).toBeCloseTo(wanted, 0)
    })

    it('seeks by timeline, by click and by keys', async () => {
      const timeline = page.getByRole('slider', { name: /Timeline/ })
      const lanes = page.locator('#timeline-lanes')
      const box = (await lanes.boundingBox())!
      await lanes.click({ position: { x: box.width / 2, y: 8 } })
      const duration = await page.evaluate<number>('document.querySelector("video").duration')
      await expect.poll(() => currentTime(page)).toBeCloseTo(duration / 2, 0)
      await timeline.focus()
      await page.keyboard.press('Home')
      await expect.poll(() => currentTime(page)).toBe(0)
      await page.keyboard.press('ArrowRight')
      await expect.poll(() => currentTime(page)).toBeCloseTo(1, 1)
      expect(await seriousFindings(page)).toEqual([])
    })

    it('adds a tag by hand that a reload still shows, and removes it', async () => {
      await page.getByLabel('Add a tag').fill('Checked by me')
      await page.keyboard.press('Enter')
      const remove = page.getByRole('button', { name: 'Remove the tag checked by me' })
      await remove.waitFor()
      await page.reload()
      await remove.click()
      await remove.waitFor({ state: 'detached' })
      await page.reload()
      await page.getByLabel('Add a tag').waitFor()
      expect(await remove.count()).toBe(0)
    })

    it('makes a dataset of chosen videos, exports it, and the archive opens', async () => {
      await page.goto('/search')
      await cards(page).nth(2).waitFor()
      for (const nth of [0, 1]) {
        await cards(page).nth(nth).hover()
        await page
          .getByRole('checkbox', { name: /^Choose / })
          .nth(nth)
          .click()
      }
      await page
        .getByRole('region', { name: 'Chosen videos' })
        .getByRole('button', { name: /dataset/i })
        .click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Name').fill('Two of them')
      await dialog.getByRole('button', { name: 'Create dataset' }).click()
      await dialog.getByRole('button', { name: 'Export as ZIP' }).click()
      const link = dialog.getByRole('link', { name: /Download the ZIP/ })
      await link.waitFor({ timeout: 60_000 })
      const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
      const file = path.join(folder, 'dataset.zip')
      await pipeline(await download.createReadStream(), createWriteStream(file))
      const entries = await zipEntries(file)
      expect([...entries.keys()].filter((name) => name.startsWith('annotations/'))).toHaveLength(2)
      expect([...entries.keys()]).toEqual(
        expect.arrayContaining(['metadata.csv', 'taxonomy.yaml', 'README.md']),
      )
      const [name] = [...entries.keys()].filter((each) => each.startsWith('annotations/'))
      expect(JSON.parse(entries.get(name!)!)).toHaveProperty('objects_detected')

      await dialog.getByRole('link', { name: 'Open the dataset' }).click()
      await page.getByRole('heading', { level: 1, name: 'Two of them' }).waitFor()
      await page.getByRole('link', { name: /^Download the/ }).waitFor()
      expect(await seriousFindings(page)).toEqual([])
    })

    it('says that the server is gone, and goes on by itself when it is back', async () => {
      await page.goto('/')
      await page.getByText('Live: changes appear by themselves').waitFor({ state: 'attached' })
      server.program.kill('SIGKILL')
      await server.program.ended
      await page
        .getByText('The server does not answer. Nothing is lost')
        .waitFor({ timeout: 30_000 })
      server = await library.serve('--port', String(port))
      await page
        .getByText('The server does not answer. Nothing is lost')
        .waitFor({ state: 'detached', timeout: 30_000 })
      await server.ask('POST', '/api/ingest', {
        query: path.join(folder, 'nothing-here'),
        platform: 'folder',
      })
      await page.getByText('nothing-here').first().waitFor()
    })

    it.each(['/', '/search', '/videos/…', '/datasets'])(
      'fits %s on a phone without sideways scrolling',
      async (at) => {
        const phone = await openPage(browser, `http://127.0.0.1:${port}`, {
          width: 390,
          height: 844,
        })
        const { body } = await server.ask<{ items: { id: string }[] }>('GET', '/api/videos?limit=1')
        await phone.page.goto(at.replace('…', body.items[0]!.id))
        await phone.page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
        await phone.page.waitForTimeout(500)
        expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBe(390)
        expect(await seriousFindings(phone.page)).toEqual([])
        await phone.context.close()
      },
    )

    it('ran without an error in the page and without an answer over 500 kB', () => {
      expect(watched.faults).toEqual([])
      expect(watched.tooLarge).toEqual([])
    })
  },
)

function cards(page: Page) {
  return page.locator('main article, main [data-slot=video-card]')
}

function currentTime(page: Page): Promise<number> {
  return page.evaluate<number>('document.querySelector("video")?.currentTime ?? -1')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
