import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { isRatePlatform } from '../config/platform-rates.ts'
import type { Settings } from '../config/settings.ts'
import { ForgeindexError, PermanentError, toError } from '../errors.ts'
import { type RunResult, run } from '../media/process.ts'
import { asDiskFull } from './direct-download.ts'
import { guardOf } from './guard.ts'
import { startGuardProxy } from './guard-proxy.ts'
import { limitsOf } from './limits.ts'
import { platformOfUrl } from './urls.ts'
import { failureOf } from './yt-dlp-failures.ts'

/** Before this release an answer from a site could inject commands (CVE-2026-55404 and others). */
const OLDEST_VERSION = '2026.07.04'
const EXTRACT_TIMEOUT_MS = 300_000
/** A page costs a platform less than a video: in turns of a download. */
const LOOK_COST = 0.2
const VERSION_TIMEOUT_MS = 30_000
/** A thousand search results are about 3 MB of JSON. */
const MAX_OUTPUT_BYTES = 64 * 1024 ** 2

const PROJECT_FOLDER = path.resolve(import.meta.dirname, '../..')

type YtDlpSettings = Pick<Settings, 'ytDlp'>

export interface YtDlpCheck {
  /** Null when the program could not be run. */
  version: string | null
  ok: boolean
  /** One sentence: what is there, or what is wrong and the command that mends it. */
  detail: string
}

/**
 * Which yt-dlp is used: the one of the settings, else the one in the project's own Python
 * environment (`.venv`), else the one on the PATH.
 */
export function ytDlpProgram(settings: YtDlpSettings): string {
  if (settings.ytDlp) return settings.ytDlp
  const own = path.join(PROJECT_FOLDER, '.venv', 'bin', 'yt-dlp')
  return existsSync(own) ? own : 'yt-dlp'
}

/** Asks yt-dlp for its version and judges it; does not throw for a missing or old program. */
export async function checkYtDlp(
  settings: YtDlpSettings,
  options: { signal?: AbortSignal } = {},
): Promise<YtDlpCheck> {
  const program = ytDlpProgram(settings)
  const mend =
    'Install it with: python3 -m venv .venv && .venv/bin/pip install -U "yt-dlp[default]" deno'
  let result: RunResult
  try {
    result = await run(program, ['--ignore-config', '--no-plugin-dirs', '--version'], {
      timeoutMs: VERSION_TIMEOUT_MS,
      ...(options.signal && { signal: options.signal }),
    })
  } catch (thrown) {
    options.signal?.throwIfAborted()
    if (!(thrown instanceof ForgeindexError)) throw thrown
    return { version: null, ok: false, detail: `${program} cannot be run. ${mend}` }
  }
  const version = /^\d{4}\.\d{2}\.\d{2}/.exec(result.stdout.trim())?.[0] ?? null
  if (result.code !== 0 || version === null) {
    return { version: null, ok: false, detail: `${program} does not tell its version. ${mend}` }
  }
  // Dates written year first, with leading zeros, compare as text.
  if (version < OLDEST_VERSION) {
    const detail = `${program} is ${version}; ${OLDEST_VERSION} or newer is needed for its security fixes. ${mend}`
    return { version, ok: false, detail }
  }
  const runtime = denoBeside(program) ? '' : '; no deno beside it, so parts of youtube may not work'
  return { version, ok: true, detail: `yt-dlp ${version} (${program})${runtime}` }
}

/** Versions of programs found fit; a misfit is asked again, since it may have been mended. */
const fit = new Map<string, string>()

/**
 * The version of a yt-dlp that is fit for use, asked once in this process.
 *
 * @throws PermanentError `yt-dlp-unusable` when it is missing or too old
 */
export async function requireYtDlp(settings: YtDlpSettings, signal: AbortSignal): Promise<string> {
  const program = ytDlpProgram(settings)
  const known = fit.get(program)
  if (known) return known
  const { ok, version, detail } = await checkYtDlp(settings, { signal })
  if (!ok || version === null) throw new PermanentError('yt-dlp-unusable', detail)
  fit.set(program, version)
  return version
}

export interface YtDlpRun {
  signal: AbortSignal
  timeoutMs: number
  cwd?: string
  onStdoutLine?(line: string): void
  onStderrLine?(line: string): void
}

/**
 * Runs yt-dlp on one target behind a guard proxy of its own. The exit code is the caller's to
 * judge: 0 does not mean that there is a file.
 *
 * @param args  options written by us only; nothing from outside belongs in there
 * @param target  an address, or `ytsearchN:words`
 * @throws InvalidInputError `url-refused` when the guard stopped it
 * @throws PermanentError `yt-dlp-unusable` when the program is missing or too old
 */
export async function runYtDlp(
  settings: Settings,
  args: string[],
  target: string,
  options: YtDlpRun,
): Promise<RunResult> {
  const guard = guardOf(settings)
  await requireYtDlp(settings, options.signal)
  const platform = target.startsWith('ytsearch') ? 'youtube' : platformOfUrl(target)
  const rate = platform && isRatePlatform(platform) ? settings.rates[platform] : null
  await using proxy = await startGuardProxy(guard, rate?.proxy)
  await using cookies = await copyOfCookies(settings, platform ?? '', rate?.cookies ?? null)
  const program = ytDlpProgram(settings)
  const own = [
    // The pause that yt-dlp's own `-t sleep` makes between questions to a platform.
    ...(platform ? ['--sleep-requests', '0.75'] : []),
    ...(cookies.file ? ['--cookies', cookies.file] : []),
    ...['--proxy', proxy.url],
  ]
  const result = await run(
    program,
    [...safeFlags(settings, program), ...own, ...args, '--', target],
    {
      maxOutputBytes: MAX_OUTPUT_BYTES,
      // An inherited list of exceptions would lead ffmpeg, started by yt-dlp, around the proxy.
      env: { PYTHONUTF8: '1', NO_PROXY: '', no_proxy: '' },
      ...options,
    },
  )
  if (result.code !== 0 && proxy.refusals[0]) throw proxy.refusals[0]
  return result
}

/**
 * A private copy of a platform's cookie file, gone when disposed: yt-dlp writes its jar back. What a
 * killed process left goes with its other scratch folders.
 *
 * @throws PermanentError `cookies-unreadable`
 */
async function copyOfCookies(
  settings: Settings,
  platform: string,
  original: string | null,
): Promise<{ file: string | null } & AsyncDisposable> {
  if (original === null) return { file: null, async [Symbol.asyncDispose]() {} }
  const name = `${process.pid}@${hostname()}@cookies-${randomUUID()}`
  const folder = path.join(settings.dataDir, 'scratch', name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, 'cookies.txt')
  const copy = {
    file,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
  try {
    await writeFile(file, await readFile(original), { mode: 0o600 })
    return copy
  } catch (thrown) {
    await copy[Symbol.asyncDispose]()
    const { code } = toError(thrown) as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw asDiskFull(thrown, file)
    throw new PermanentError(
      'cookies-unreadable',
      `The cookie file for ${platform} cannot be read (${code}). Correct FORGEINDEX_COOKIES_${platform.toUpperCase()}.`,
    )
  }
}

/**
 * What yt-dlp knows about a target without fetching it, as its JSON (`-J --flat-playlist`): one
 * video, or a list with at most `limit` entries, null where one could not be read.
 *
 * @throws the classed failure when there is nothing at all
 */
export async function extractInfo(
  settings: Settings,
  target: string,
  options: { signal: AbortSignal; limit: number },
): Promise<object> {
  const platform = target.startsWith('ytsearch') ? 'youtube' : platformOfUrl(target)
  const { signal } = options
  if (!platform || !isRatePlatform(platform)) return await extractOnce(settings, target, options)
  const limits = limitsOf(settings)
  return await limits.request(platform, { signal, cost: LOOK_COST }, () =>
    extractOnce(settings, target, options),
  )
}

async function extractOnce(
  settings: Settings,
  target: string,
  options: { signal: AbortSignal; limit: number },
): Promise<object> {
  const args = ['-J', '--flat-playlist', '--playlist-items', `1:${options.limit}`]
  const result = await runYtDlp(settings, args, target, {
    signal: options.signal,
    timeoutMs: EXTRACT_TIMEOUT_MS,
  })
  const info = parseObject(result.stdout)
  if (info === null) throw failureOf(result.stderr, target)
  const { entries } = info as { entries?: unknown }
  const nothing = Array.isArray(entries) && entries.every((entry) => entry === null)
  if (nothing && result.code !== 0) throw failureOf(result.stderr, target)
  return info
}

function safeFlags(settings: Settings, program: string): string[] {
  const deno = denoBeside(program)
  return [
    '--ignore-config',
    '--no-plugin-dirs',
    '--no-update',
    '--no-remote-components',
    ...['--cache-dir', path.join(settings.dataDir, 'cache', 'yt-dlp')],
    ...['--color', 'never'],
    ...['--socket-timeout', String(settings.stallSeconds)],
    ...['--extractor-retries', '2'],
    // Some streams are fetched by ffmpeg: through the same proxy, and nothing but web protocols.
    ...['--downloader-args', 'ffmpeg_i:-protocol_whitelist http,https,httpproxy,tls,tcp,crypto'],
    ...(deno ? ['--js-runtimes', `deno:${deno}`] : []),
  ]
}

/** The JavaScript runtime that youtube needs, when it was installed together with yt-dlp. */
function denoBeside(program: string): string | null {
  const deno = path.join(path.dirname(program), 'deno')
  return path.isAbsolute(program) && existsSync(deno) ? deno : null
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
}
