import { execFileSync } from 'node:child_process'
import axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

/**
 * The Chromium that `npm test` found (`FORGEINDEX_TEST_CHROMIUM`), or one on the PATH; null when
 * there is none: name it in the skip.
 */
export function chromiumProgram(): string | null {
  const given = process.env.FORGEINDEX_TEST_CHROMIUM
  for (const name of given ? [given] : ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim()
    } catch {
      // Not that one.
    }
  }
  return null
}

/** Nothing of these may reach out: the machine may have no network, and tests must not wait for it. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
  '--autoplay-policy=no-user-gesture-required',
]

export async function openBrowser(): Promise<Browser> {
  const executablePath = chromiumProgram()
  if (!executablePath) throw new Error('There is no Chromium; run npm test, which installs it')
  return await chromium.launch({ executablePath, args: ARGUMENTS })
}

/** A page, with what went wrong in it. */
export interface WatchedPage {
  context: BrowserContext
  page: Page
  /** Uncaught errors and console errors so far, without the browser's own notes on failed requests. */
  faults: string[]
  /** Answers over `bytes` of JSON, as `path bytes`: pages must load long videos by windows. */
  tooLarge: string[]
}

const MAX_JSON_BYTES = 500_000

/** A fresh page at `url`'s origin. */
export async function openPage(
  browser: Browser,
  baseURL: string,
  viewport = { width: 1280, height: 800 },
): Promise<WatchedPage> {
  const context = await browser.newContext({ baseURL, viewport, acceptDownloads: true })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const faults: string[] = []
  const tooLarge: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (message.type() !== 'error' || /Failed to load resource|net::ERR_/.test(message.text()))
      return
    faults.push(message.text())
  })
  page.on('response', (response) => {
    const bytes = Number(response.headers()['content-length'] ?? 0)
    const isJson = response.headers()['content-type']?.includes('json')
    if (isJson && bytes > MAX_JSON_BYTES)
      tooLarge.push(`${new URL(response.url()).pathname} ${bytes}`)
  })
  return { context, page, faults, tooLarge }
}

/** axe-core's serious and critical findings on the page as it is now, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const violations = await page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run
    const { violations } = await run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    })
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      where: nodes
        .slice(0, 3)
        .map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    }))
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, where }) => `${impact} ${id}: ${where.join(' | ')}`)
}
