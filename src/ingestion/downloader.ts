import { mkdir, rm } from 'node:fs/promises'
import { isRatePlatform } from '../config/platform-rates.ts'
import type { Settings } from '../config/settings.ts'
import { InvalidInputError, PermanentError, TransientError } from '../errors.ts'
import { type CaptionOffer, captionsOfYtDlp, type SavedCaptions, saveCaptions } from './captions.ts'
import { commonsClient, MEDIA_BYTES_PER_SECOND } from './commons-client.ts'
import { downloadDirect } from './direct-download.ts'
import type { Candidate, LicenceEvidence, Platform } from './discovery/source.ts'
import { factsOf } from './discovery/yt-dlp-info.ts'
import type { WholeFile } from './download-part.ts'
import { hashFile } from './file-hash.ts'
import { guardOf } from './guard.ts'
import { userAgent } from './http.ts'
import { limitsOf, type Place, placeOfHost } from './limits.ts'
import { saveThumbnail } from './thumbnail.ts'
import { fileNameOfUrl } from './urls.ts'
import { requireYtDlp } from './yt-dlp.ts'
import { downloadByYtDlp } from './yt-dlp-download.ts'

/** Two hours: 4 GiB at 600 kB/s. A server that sends a byte now and then holds no place for ever. */
const LONGEST_MS = 7_200_000

/** For a turn once a place among the downloads is had. */
const MEDIA_PATIENCE_MS = 15_000

/** How the failure of a media address that was signed for a while looks. */
const RUN_OUT = new Set(['access-denied', 'video-gone', 'not-a-video', 'unexpected-answer'])

/** Where a file comes from: a candidate, or what was kept of one. */
export interface DownloadSource {
  platform: Platform
  url: string
  downloadUrl?: string | null
  localFile?: string | null
  /** Hex, as the source states it; another one means that the file was damaged on the way. */
  sha1?: string | null
  thumbnailUrl?: string | null
  captions?: CaptionOffer[]
}

export interface DownloadOptions {
  signal: AbortSignal
  /** Called when its turn has come, before the first byte. */
  onBegin?(): Promise<void>
  /** Bytes so far, and in all when known. */
  onProgress?(received: number, total: number | null): void
}

export interface Downloaded {
  /** Absolute path; for a local file the original one, which is not ours to move or remove. */
  file: string
  /** A JPEG in the folder, or null. */
  thumbnail: string | null
  /** Captions in the folder; absent when there are none that may be used. */
  captions?: SavedCaptions
  bytes: number
  /** Lower-case hex. */
  sha256: string
  /** What fetched it: `http`, `file`, or yt-dlp with its version. */
  fetchedWith: string
  title?: string
  description?: string
  uploader?: string
  uploaderUrl?: string
  publishedAt?: string
  durationSeconds?: number
  licence?: string
  licenceEvidence?: LicenceEvidence
}

/**
 * Fetches one video, at most 720 lines where there is a choice, into `folder` (made if needed, one
 * for each video: names in it are fixed). Local files are only read. A run that was cut goes on
 * when it is given the same folder.
 *
 * @throws PermanentError, TransientError or InvalidInputError `url-refused`, each with its code
 */
export async function download(
  settings: Settings,
  source: DownloadSource,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  if (source.localFile) {
    await options.onBegin?.()
    return await readLocal(source.localFile, options)
  }
  await mkdir(folder, { recursive: true })
  const deadline = AbortSignal.timeout(LONGEST_MS)
  const timed = { ...options, signal: AbortSignal.any([options.signal, deadline]) }
  try {
    return await limitsOf(settings).download(placeOf(source), timed.signal, async () => {
      await options.onBegin?.()
      return await fetchInto(settings, source, folder, timed)
    })
  } catch (thrown) {
    if (options.signal.aborted || !deadline.aborted) throw thrown
    const message = `${source.url} was not here after ${LONGEST_MS / 60_000} minutes.`
    throw new TransientError('timed-out', message, { cause: thrown })
  }
}

async function fetchInto(
  settings: Settings,
  source: DownloadSource,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  if (source.platform === 'commons') return await fromCommons(settings, source, folder, options)
  if (source.platform === 'archive' || source.platform === 'nasa') {
    const got = await fromArchive(settings, source, folder, options)
    const offered = { offers: source.captions ?? [], spoken: null }
    return await withCaptions(settings, got, offered, folder, options)
  }
  const got = source.downloadUrl
    ? await fromAddress(settings, source, source.downloadUrl, folder, options)
    : await byYtDlp(settings, source, folder, options)
  return await withCaptions(
    settings,
    got,
    { offers: source.captions ?? [], spoken: null },
    folder,
    options,
  )
}

/** What was fetched, with the captions that are offered, unless it has some already. */
async function withCaptions(
  settings: Settings,
  got: Downloaded,
  { offers, spoken }: { offers: CaptionOffer[]; spoken: string | null },
  folder: string,
  { signal }: DownloadOptions,
): Promise<Downloaded> {
  if (got.captions || offers.length === 0) return got
  const headers = { 'user-agent': userAgent(settings) }
  const asked = { spoken, signal, headers }
  const captions = await saveCaptions(settings, guardOf(settings), offers, folder, asked)
  return captions ? { ...got, captions } : got
}

/** Whose pace a download keeps. */
function placeOf({ platform, url, downloadUrl }: DownloadSource): Place {
  return isRatePlatform(platform) ? platform : placeOfHost(downloadUrl ?? url)
}

/** A file that is already here, hashed. @throws PermanentError `empty-file`, `video-gone`, `path-not-readable` */
export async function readLocal(file: string, options: DownloadOptions): Promise<Downloaded> {
  const { bytes, hash: sha256 } = await hashFile(file, options.signal)
  if (bytes === 0) throw new PermanentError('empty-file', `${file} holds no bytes.`)
  options.onProgress?.(bytes, bytes)
  return { file, thumbnail: null, bytes, sha256, fetchedWith: 'file' }
}

async function fromHttp(
  settings: Settings,
  source: DownloadSource,
  url: string,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const guard = guardOf(settings)
  const headers = { 'user-agent': userAgent(settings) }
  const got = await downloadDirect(guard, url, folder, {
    ...options,
    headers,
    maxBytes: settings.maxUploadBytes,
    reserveBytes: settings.minFreeBytes,
  })
  const thumbnail = source.thumbnailUrl
    ? await saveThumbnail(guard, source.thumbnailUrl, folder, { signal: options.signal, headers })
    : null
  return { ...got, thumbnail, fetchedWith: 'http', title: fileNameOfUrl(url) }
}

/** The media address that a platform gave; it may have run out, then the video's page is asked. */
async function fromAddress(
  settings: Settings,
  source: DownloadSource,
  url: string,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const hasPage = source.platform !== 'urls' && source.url !== url
  try {
    return await fromHttp(settings, source, url, folder, options)
  } catch (thrown) {
    if (!hasPage || !(thrown instanceof PermanentError) || !RUN_OUT.has(thrown.code)) throw thrown
    return await byYtDlp(settings, source, folder, options)
  }
}

/** The Internet Archive and NASA: our name, the archive's own hash. */
async function fromArchive(
  settings: Settings,
  source: DownloadSource,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const { downloadUrl, sha1 } = source
  if (!downloadUrl) {
    throw new InvalidInputError('no-download-url', `${source.url} came without a media address.`)
  }
  const { title: _, ...got } = await fromHttp(settings, source, downloadUrl, folder, options)
  if (sha1 && (await hashFile(got.file, options.signal, 'sha1')).hash !== sha1) {
    await rm(got.file, { force: true })
    throw new TransientError(
      'damaged',
      `${downloadUrl} is not the file that the archive describes (SHA-1 ${sha1}).`,
    )
  }
  return got
}

/** Wikimedia's media host has rules of its own: see commons-client.ts. */
async function fromCommons(
  settings: Settings,
  source: DownloadSource,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const { downloadUrl, thumbnailUrl } = source
  if (!downloadUrl) {
    throw new InvalidInputError('no-download-url', `${source.url} came without a media address.`)
  }
  const guard = guardOf(settings)
  const { headers } = commonsClient(settings)
  const { signal } = options
  const turn = () => limitsOf(settings).turn('commons', { signal, patienceMs: MEDIA_PATIENCE_MS })
  const got: WholeFile = await downloadDirect(guard, downloadUrl, folder, {
    ...options,
    headers,
    maxBytes: settings.maxUploadBytes,
    reserveBytes: settings.minFreeBytes,
    maxBytesPerSecond: MEDIA_BYTES_PER_SECOND,
    beforeRequest: turn,
  })
  // Ten requests a minute are too few to spend one on a picture that the frames step makes anyway.
  if (!thumbnailUrl || !settings.contact) return { ...got, thumbnail: null, fetchedWith: 'http' }
  await turn()
  const thumbnail = await saveThumbnail(guard, thumbnailUrl, folder, { signal, headers })
  return { ...got, thumbnail, fetchedWith: 'http' }
}

async function byYtDlp(
  settings: Settings,
  source: DownloadSource,
  folder: string,
  options: DownloadOptions,
): Promise<Downloaded> {
  const guard = guardOf(settings)
  await guard.check(source.url)
  const version = await requireYtDlp(settings, options.signal)
  if (isRatePlatform(source.platform)) {
    const { signal } = options
    await limitsOf(settings).turn(source.platform, { signal, patienceMs: MEDIA_PATIENCE_MS })
  }
  const got = await downloadByYtDlp(settings, source.url, folder, {
    ...options,
    timeoutMs: LONGEST_MS,
    maxBytes: settings.maxUploadBytes,
  })
  const picture = got.thumbnail ?? source.thumbnailUrl
  const headers = { 'user-agent': userAgent(settings) }
  const thumbnail = picture
    ? await saveThumbnail(guard, picture, folder, { signal: options.signal, headers })
    : null
  const { bytes, hash: sha256 } = await hashFile(got.file, options.signal)
  const fetched = {
    file: got.file,
    thumbnail,
    bytes,
    sha256,
    fetchedWith: `yt-dlp ${version}`,
    ...learnt(got.info, source.url),
  }
  return await withCaptions(settings, fetched, captionsOfYtDlp(got.info), folder, options)
}

/** The fields that a video's own page filled in. */
function learnt(info: Record<string, unknown>, url: string): Partial<Downloaded> {
  const facts: Partial<Candidate> = { ...factsOf(info, url) }
  const { title } = info
  const fields = {
    title: typeof title === 'string' && title !== '' ? title : null,
    description: facts.description,
    uploader: facts.uploader,
    uploaderUrl: facts.uploaderUrl,
    publishedAt: facts.publishedAt,
    durationSeconds: facts.durationSeconds,
    licence: facts.licence,
    licenceEvidence: facts.licenceEvidence,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null))
}
