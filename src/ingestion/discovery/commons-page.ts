import { z } from 'zod'
import { licenceId } from '../../licences/names.ts'
import { firstLink, plainText } from './plain-text.ts'
import { bareCandidate, type Candidate } from './source.ts'

const MAX_LINES = 720

const derivative = z.object({
  src: z.string(),
  type: z.string().catch(''),
  width: z.number().catch(0),
  height: z.number().catch(0),
  transcodekey: z.string().optional(),
})

const videoInfo = z.object({
  url: z.string().optional(),
  descriptionurl: z.string().optional(),
  size: z.number().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  duration: z.number().optional(),
  mediatype: z.string().optional(),
  timestamp: z.string().optional(),
  user: z.string().optional(),
  thumburl: z.string().optional(),
  extmetadata: z
    .record(
      z.string(),
      z.object({ value: z.union([z.string(), z.number()]).transform(String) }).catch({ value: '' }),
    )
    .optional(),
  derivatives: z.array(derivative).optional(),
})

/** A page of the API's answer, as far as it is used (mediawiki.org/wiki/API:Videoinfo). */
export const commonsPage = z.object({
  pageid: z.number().optional(),
  title: z.string(),
  index: z.number().optional(),
  missing: z.boolean().optional(),
  videoinfo: z.array(videoInfo).optional(),
})

export type CommonsPage = z.infer<typeof commonsPage>

type VideoInfo = z.infer<typeof videoInfo>

/** One page out of two halves: an answer may bring a page's properties in several parts. */
export function mergePages(one: CommonsPage, other: CommonsPage): CommonsPage {
  const [a, b] = [one.videoinfo?.[0], other.videoinfo?.[0]]
  const merged: VideoInfo = { ...a, ...b }
  if (a?.extmetadata || b?.extmetadata) {
    merged.extmetadata = { ...a?.extmetadata, ...b?.extmetadata }
  }
  if (a?.derivatives || b?.derivatives) {
    merged.derivatives = [...(a?.derivatives ?? []), ...(b?.derivatives ?? [])]
  }
  return { ...one, ...other, ...(a || b ? { videoinfo: [merged] } : {}) }
}

/**
 * A Commons page as a candidate, in its best version of at most 720 lines. Pages that must not be
 * taken carry `reject`: `video-gone`, `not-a-video`, `non-free`, `no-licence`, `no-format`.
 */
export function commonsCandidate(
  page: CommonsPage,
  context: { commonsUrl: string; rank: number; retrievedAt: string },
): Candidate {
  const info = page.videoinfo?.[0]
  const pageUrl =
    info?.descriptionurl ??
    `${context.commonsUrl}/wiki/${encodeURIComponent(page.title.replaceAll(' ', '_'))}`
  const candidate = bareCandidate({
    platform: 'commons',
    sourceId: page.pageid === undefined ? page.title : String(page.pageid),
    url: pageUrl,
    title: page.title.replace(/^File:/i, ''),
    rank: context.rank,
  })
  const reject = (code: string, message: string): Candidate => ({
    ...candidate,
    reject: { code, message },
  })
  if (page.missing) return reject('video-gone', `Wikimedia Commons has no page ${page.title}.`)
  // An .ogv has the mime type application/ogg; the media type is what tells video from audio.
  if (!info?.url || info.mediatype !== 'VIDEO') {
    return reject('not-a-video', `${page.title} is not a video.`)
  }

  const field = (name: string): string => info.extmetadata?.[name]?.value ?? ''
  const artist = field('Artist')
  candidate.description = plainText(field('ImageDescription')) || null
  candidate.durationSeconds = info.duration ?? null
  candidate.uploader = plainText(artist) || info.user || null
  candidate.uploaderUrl = firstLink(artist, pageUrl)
  candidate.publishedAt = isoDate(info.timestamp)
  candidate.thumbnailUrl = info.thumburl ?? null

  const words = plainText(field('LicenseShortName'))
  if (words) {
    candidate.licence = licenceId(words)
    candidate.licenceUrl = field('LicenseUrl') || null
    candidate.licenceEvidence = {
      field: 'extmetadata.LicenseShortName',
      value: words,
      page: pageUrl,
      retrievedAt: context.retrievedAt,
    }
  }
  if (/^(?:true|1)$/i.test(field('NonFree'))) {
    return reject(
      'non-free',
      `${page.title} is marked as not free (${words || 'no licence named'}).`,
    )
  }
  if (!words) return reject('no-licence', `${page.title} names no licence.`)

  const version = versionOf(info)
  if (!version) {
    return reject('no-format', `${page.title} has no version of at most ${MAX_LINES} lines.`)
  }
  return { ...candidate, ...version }
}

/** The original when it has at most 720 lines, else the largest transcode that has. */
function versionOf(
  info: VideoInfo,
): Pick<Candidate, 'downloadUrl' | 'width' | 'height' | 'bytes'> | null {
  const { width = 0, height = 0 } = info
  if (info.url && lines(width, height) > 0 && lines(width, height) <= MAX_LINES) {
    const bytes = info.size === undefined ? {} : { bytes: info.size }
    return { downloadUrl: info.url, width, height, ...bytes }
  }
  const [best] = (info.derivatives ?? [])
    // `mjpeg` in .mov is made for old phones, m3u8 is a playlist: neither is a file to keep.
    .filter(
      ({ src, type }) => /^video\/(?:webm|mp4)\b/.test(type) && !/mjpeg|m3u8/.test(type + src),
    )
    .filter((made) => lines(made.width, made.height) > 0)
    .filter((made) => lines(made.width, made.height) <= MAX_LINES)
    .sort((a, b) => b.height - a.height)
  return best ? { downloadUrl: best.src, width: best.width, height: best.height } : null
}

/** What "720p" counts: the shorter side, so that an upright picture is judged as a lying one. */
function lines(width: number, height: number): number {
  return Math.min(width, height)
}

function isoDate(text: string | undefined): string | null {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
