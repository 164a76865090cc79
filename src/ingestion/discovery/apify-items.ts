import { z } from 'zod'
import { canonicalUrl, hashOf, platformOfUrl, videoIdOfUrl } from '../urls.ts'
import { durationSeconds } from './durations.ts'
import { bareCandidate, type Candidate } from './source.ts'

export type ApifyPlatform = 'youtube' | 'tiktok' | 'instagram'

/** An actor's result: a candidate, or what it says instead of one. */
export type ApifyItem = { candidate: Candidate } | { fault: string }

const text = z.string().nullish().catch(null)
const number = z.number().nullish().catch(null)
const object = <T extends z.ZodRawShape>(shape: T) => z.object(shape).nullish().catch(null)
const id = z.union([z.string(), z.number()]).transform(String).nullish().catch(null)

const faultSchema = z.object({ error: text, errorDescription: text, note: text, errorCode: text })

const youtubeItem = z.object({
  id,
  url: text,
  title: text,
  text,
  date: text,
  duration: z.union([z.string(), z.number()]).nullish().catch(null),
  thumbnailUrl: text,
  channelName: text,
  channelUrl: text,
  isLive: z.boolean().nullish().catch(null),
  subtitles: z
    .array(object({ srtUrl: text, srt: text, type: text, language: text }))
    .nullish()
    .catch(null),
})

const tiktokItem = z.object({
  id,
  text,
  createTimeISO: text,
  webVideoUrl: text,
  isSlideshow: z.boolean().nullish().catch(null),
  authorMeta: object({ name: text, nickName: text }),
  videoMeta: object({
    duration: number,
    width: number,
    height: number,
    coverUrl: text,
    downloadAddr: text,
  }),
  mediaUrls: z.array(z.string()).nullish().catch(null),
})

const instagramItem = z.object({
  id,
  type: text,
  shortCode: text,
  url: text,
  caption: text,
  displayUrl: text,
  videoUrl: text,
  videoDuration: number,
  timestamp: text,
  ownerUsername: text,
  ownerFullName: text,
  dimensionsWidth: number,
  dimensionsHeight: number,
})

const MAX_TITLE = 200

/**
 * Reads one result of an actor's run. What is there and is no video (a slideshow, a picture, a live
 * broadcast) is a candidate with `reject`; what describes no post at all is a fault in the actor's words.
 */
export function apifyItem(platform: ApifyPlatform, item: unknown): ApifyItem {
  const said = faultSchema.safeParse(item).data
  if (!said) return { fault: 'a result that is no object' }
  const candidate =
    platform === 'youtube'
      ? fromYoutube(youtubeItem.parse(item))
      : platform === 'tiktok'
        ? fromTiktok(tiktokItem.parse(item))
        : fromInstagram(instagramItem.parse(item))
  const fault = said.error || said.note || said.errorCode
  if (candidate && !said.error) return { candidate }
  const words = [fault, said.errorDescription].filter(Boolean).join(': ')
  return { fault: words.slice(0, 200) || 'a result without an id or address' }
}

function fromYoutube(item: z.infer<typeof youtubeItem>): Candidate | null {
  const candidate = known('youtube', item.url, item.id, item.title)
  if (!candidate) return null
  const live = item.isLive ? `${candidate.url} is a live broadcast, not a finished video.` : null
  return {
    ...candidate,
    description: item.text || null,
    durationSeconds: durationSeconds(item.duration),
    uploader: item.channelName || null,
    uploaderUrl: webAddress(item.channelUrl),
    publishedAt: isoDate(item.date),
    thumbnailUrl: webAddress(item.thumbnailUrl),
    ...captionsOf(item),
    ...(live ? { reject: { code: 'live', message: live } } : {}),
  }
}

/** What the actor says of captions: `type` is `user_generated` or `auto_generated`. */
function captionsOf({ subtitles }: z.infer<typeof youtubeItem>): Pick<Candidate, 'captions'> {
  const captions = (subtitles ?? []).flatMap((found) => {
    const url = webAddress(found?.srtUrl)
    if (!found || !(url || found.srt)) return []
    // What does not say that people wrote it counts as a machine's.
    const kind = found.type === 'user_generated' ? ('human' as const) : ('automatic' as const)
    const { language } = found
    const said = found.srt ? { text: found.srt } : {}
    return [{ url, ...said, language: language || null, kind, format: 'srt' as const }]
  })
  return captions.length > 0 ? { captions } : {}
}

function fromTiktok(item: z.infer<typeof tiktokItem>): Candidate | null {
  const candidate = known('tiktok', item.webVideoUrl, item.id, item.text)
  if (!candidate) return null
  const video = item.videoMeta
  const media = webAddress(item.mediaUrls?.[0]) ?? webAddress(video?.downloadAddr)
  const name = item.authorMeta?.name
  return {
    ...candidate,
    description: item.text || null,
    durationSeconds: durationSeconds(video?.duration),
    ...sizeOf(video?.width, video?.height),
    uploader: item.authorMeta?.nickName || name || null,
    uploaderUrl: name ? `https://www.tiktok.com/@${encodeURIComponent(name)}` : null,
    publishedAt: isoDate(item.createTimeISO),
    thumbnailUrl: webAddress(video?.coverUrl),
    ...(media ? { downloadUrl: media } : {}),
    ...(item.isSlideshow ? { reject: notAVideo(candidate.url, 'a slideshow of pictures') } : {}),
  }
}

function fromInstagram(item: z.infer<typeof instagramItem>): Candidate | null {
  const page = item.shortCode
    ? `https://www.instagram.com/p/${encodeURIComponent(item.shortCode)}/`
    : item.url
  const candidate = known('instagram', page, item.shortCode ?? item.id, item.caption)
  if (!candidate) return null
  const media = webAddress(item.videoUrl)
  const owner = item.ownerUsername
  const isVideo = item.type === 'Video' || (!item.type && media !== null)
  return {
    ...candidate,
    description: item.caption || null,
    durationSeconds: durationSeconds(item.videoDuration),
    ...sizeOf(item.dimensionsWidth, item.dimensionsHeight),
    uploader: item.ownerFullName || owner || null,
    uploaderUrl: owner ? `https://www.instagram.com/${encodeURIComponent(owner)}/` : null,
    publishedAt: isoDate(item.timestamp),
    thumbnailUrl: webAddress(item.displayUrl),
    ...(media ? { downloadUrl: media } : {}),
    ...(isVideo ? {} : { reject: notAVideo(candidate.url, `a post of type ${item.type}`) }),
  }
}

/** Null without an address of that platform: then there is nothing to fetch and nothing to name. */
function known(
  platform: ApifyPlatform,
  address: string | null | undefined,
  itemId: string | null | undefined,
  title: string | null | undefined,
): Candidate | null {
  const page = webAddress(address)
  if (!page || platformOfUrl(page) !== platform) return null
  const url = canonicalUrl(page)
  const sourceId = videoIdOfUrl(url) || itemId || hashOf(url)
  const line = title?.split('\n').find((part) => part.trim() !== '')
  const named = [...(line ?? url).trim()].slice(0, MAX_TITLE).join('')
  return bareCandidate({ platform, sourceId, url, title: named, rank: 0 })
}

function notAVideo(url: string, what: string): { code: string; message: string } {
  return { code: 'not-a-video', message: `${url} is ${what}, not a video.` }
}

function sizeOf(width: number | null | undefined, height: number | null | undefined) {
  return width && height ? { width, height } : {}
}

function webAddress(address: string | null | undefined): string | null {
  return address && URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)
    ? address
    : null
}

function isoDate(value: string | null | undefined): string | null {
  const time = value ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
