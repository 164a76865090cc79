import { z } from 'zod'
import { licenceId } from '../../licences/names.ts'
import { canonicalUrl, fileNameOfUrl, sourceIdOfUrl, videoIdOfUrl } from '../urls.ts'
import { bareCandidate, type Candidate, type Platform } from './source.ts'

const text = z.string().nullish().catch(null)
const number = z.number().nullish().catch(null)

/** One video or list as yt-dlp writes it; fields differ by site, so each may be missing. */
const entry = z.object({
  _type: text,
  ie_key: text,
  id: z.union([z.string(), z.number()]).transform(String).nullish().catch(null),
  url: text,
  webpage_url: text,
  title: text,
  description: text,
  duration: number,
  width: number,
  height: number,
  filesize: number,
  filesize_approx: number,
  uploader: text,
  uploader_url: text,
  channel: text,
  channel_url: text,
  timestamp: number,
  upload_date: text,
  license: text,
  thumbnail: text,
  thumbnails: z
    .array(z.object({ url: text }))
    .nullish()
    .catch(null),
  is_live: z.boolean().nullish().catch(null),
  live_status: text,
  availability: text,
  formats: z
    .array(z.object({ url: text, protocol: text, vcodec: text }))
    .nullish()
    .catch(null),
})

export type YtDlpEntry = z.infer<typeof entry>

/**
 * The videos in what yt-dlp extracted, in its order: the thing itself, or the entries of a list
 * and of lists in it. Entries that could not be read (null) and lists named only by address
 * (channels, playlists among search results) are left out.
 */
export function videosIn(info: object): YtDlpEntry[] {
  const { entries } = info as { entries?: unknown }
  if (Array.isArray(entries)) {
    const page = entry.parse(info).webpage_url
    return entries
      .filter((item): item is object => typeof item === 'object' && item !== null)
      .flatMap((item) => videosIn(item))
      .map((video) => ownAddress(video, page))
  }
  const video = entry.parse(info)
  return /Tab$|Playlist|Channel|User/i.test(video.ie_key ?? '') ? [] : [video]
}

/** A video of yt-dlp's as a candidate. Live broadcasts and closed videos carry `reject`. */
export function candidateOf(video: YtDlpEntry, platform: Platform, rank: number): Candidate | null {
  const address = video.webpage_url ?? video.url
  if (!address || !URL.canParse(address)) return null
  const url = canonicalUrl(address)
  const own = platform === 'urls' ? sourceIdOfUrl(url) : (videoIdOfUrl(url) ?? video.id)
  const sourceId = own || sourceIdOfUrl(url)
  const candidate: Candidate = {
    ...bareCandidate({ platform, sourceId, url, rank, title: video.title || fileNameOfUrl(url) }),
    ...factsOf(video, url),
  }
  const live = video.live_status ?? (video.is_live ? 'is_live' : '')
  if (/^(?:is_live|is_upcoming|post_live)$/.test(live)) {
    candidate.reject = {
      code: 'live',
      message: `${url} is a live broadcast, not a finished video.`,
    }
  } else if (
    /^(?:private|premium_only|subscriber_only|needs_auth)$/.test(video.availability ?? '')
  ) {
    const message = `${url} is not open to everyone (${video.availability}).`
    candidate.reject = { code: 'login-required', message }
  }
  return candidate
}

/** What a video's fields say, in our terms; also used on what a download reports. */
export function factsOf(
  info: unknown,
  url: string,
): Omit<Candidate, 'platform' | 'sourceId' | 'url' | 'title' | 'rank'> {
  const video = entry.parse(info)
  const bytes = video.filesize ?? video.filesize_approx
  return {
    description: video.description || null,
    durationSeconds: video.duration ?? null,
    ...(video.width ? { width: video.width } : {}),
    ...(video.height ? { height: video.height } : {}),
    ...(bytes ? { bytes: Math.round(bytes) } : {}),
    uploader: video.uploader || video.channel || null,
    uploaderUrl: video.uploader_url || video.channel_url || null,
    publishedAt: publishedAt(video),
    licence: video.license ? licenceId(video.license) || null : null,
    licenceUrl: null,
    licenceEvidence: video.license
      ? {
          field: 'license',
          value: video.license,
          page: url,
          retrievedAt: new Date().toISOString(),
        }
      : null,
    thumbnailUrl: video.thumbnail || video.thumbnails?.at(-1)?.url || null,
  }
}

/**
 * Several videos on one page all carry the page's address: then each one's media address is what
 * tells it from the others and what can be fetched.
 */
function ownAddress(video: YtDlpEntry, page: string | null | undefined): YtDlpEntry {
  if (!page || (video.webpage_url && video.webpage_url !== page)) return video
  const format = video.formats?.findLast(
    ({ url, protocol, vcodec }) => url && vcodec !== 'none' && /^https?$/.test(protocol ?? 'https'),
  )
  const media = video.url ?? format?.url
  return media ? { ...video, webpage_url: media } : video
}

function publishedAt(video: YtDlpEntry): string | null {
  if (video.timestamp) return new Date(video.timestamp * 1000).toISOString()
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(video.upload_date ?? '')
  return day ? `${day[1]}-${day[2]}-${day[3]}T00:00:00.000Z` : null
}
