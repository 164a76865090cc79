import { createHash } from 'node:crypto'
import type { Settings } from '../config/settings.ts'
import type { SitePlatform } from './discovery/source.ts'

/** Parameters that only say where a link was found, on any site. */
const TRACKING =
  /^(?:utm_[a-z_]+|fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|li_fat_id|srsltid|igsh|igshid|mc_cid|mc_eid|_hsenc|_hsmi)$/i

const YOUTUBE_HOST = /^(?:(?:www|m|music)\.)?(?:youtube\.com|youtube-nocookie\.com)$/
const TIKTOK_HOST = /^(?:(?:www|m|vm|vt)\.)?tiktok\.com$/
const INSTAGRAM_HOST = /^(?:(?:www|m)\.)?(?:instagram\.com|instagr\.am)$/
const COMMONS_HOST = /^commons(?:\.m)?\.wikimedia\.org$/
const ARCHIVE_HOST = /^(?:www\.)?archive\.org$/
const NASA_HOST = /^(?:images|images-assets|images-api)\.nasa\.gov$/

/** Where the open archives are asked; their addresses are known beside the public ones. */
export type ArchiveEndpoints = Partial<Pick<Settings, 'commonsUrl' | 'archiveUrl' | 'nasaUrl'>>

/** The platform that an address belongs to, or null for any other site (and for what is no URL). */
export function platformOfUrl(text: string, endpoints: ArchiveEndpoints = {}): SitePlatform | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const host = siteHost(url)
  if (YOUTUBE_HOST.test(host) || host === 'youtu.be') return 'youtube'
  if (TIKTOK_HOST.test(host)) return 'tiktok'
  if (INSTAGRAM_HOST.test(host)) return 'instagram'
  if (commonsFileOf(text, endpoints.commonsUrl) !== null) return 'commons'
  if (archiveItemOf(text, endpoints.archiveUrl) !== null) return 'archive'
  return nasaIdOf(text, endpoints.nasaUrl) === null ? null : 'nasa'
}

/**
 * The id of the one video that an address of youtube, tiktok or instagram shows, as that platform
 * writes it; null for lists, short links and other pages.
 */
export function videoIdOfUrl(text: string): string | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const host = siteHost(url)
  const parts = url.pathname.split('/').filter(Boolean)
  if (host === 'youtu.be') return youtubeId(parts[0])
  if (YOUTUBE_HOST.test(host)) {
    const [page, rest] = parts
    if (page === undefined || (page === 'watch' && rest === undefined)) {
      return youtubeId(url.searchParams.get('v'))
    }
    if (page === 'attribution_link') {
      const inner = url.searchParams.get('u')
      return inner?.startsWith('/watch?') ? videoIdOfUrl(new URL(inner, url).href) : null
    }
    return ['shorts', 'embed', 'live', 'v', 'e', 'watch'].includes(page) ? youtubeId(rest) : null
  }
  if (TIKTOK_HOST.test(host)) {
    const form = /^\/(?:@[^/]*\/video|v|embed(?:\/v\d)?|player\/v\d)\/(\d+)(?:\.html)?\/?$/
    return form.exec(url.pathname)?.[1] ?? null
  }
  if (INSTAGRAM_HOST.test(host)) {
    return /\/(?:p|reel|reels|tv)\/([\w-]+)/.exec(url.pathname)?.[1] ?? null
  }
  return null
}

/**
 * The page name (`File:Lathe work.webm`) of a Wikimedia Commons page, original or transcode
 * address, also on the host of `commonsUrl`; null for anything else.
 */
export function commonsFileOf(text: string, commonsUrl?: string): string | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const own = commonsUrl !== undefined && new URL(commonsUrl).host === url.host
  if (own || COMMONS_HOST.test(siteHost(url))) {
    const title = /^\/wiki\/(File:.+)$/i.exec(url.pathname)?.[1] ?? url.searchParams.get('title')
    return title?.match(/^File:/i) ? fileTitle(decoded(title).slice('File:'.length)) : null
  }
  if (siteHost(url) !== 'upload.wikimedia.org') return null
  const name = /^\/wikipedia\/commons\/(?:transcoded\/)?[0-9a-f]\/[0-9a-f]{2}\/([^/]+)/.exec(
    url.pathname,
  )?.[1]
  return name === undefined ? null : fileTitle(decoded(name))
}

/**
 * The item, and the file in it when one is named, of an Internet Archive address, also on the host of
 * `archiveUrl`; null for anything else.
 */
export function archiveItemOf(
  text: string,
  archiveUrl?: string,
): { identifier: string; file: string | null } | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const own = archiveUrl !== undefined && new URL(archiveUrl).host === url.host
  const isArchive = own || ARCHIVE_HOST.test(siteHost(url))
  const path = isArchive
    ? /^\/(?:details|download|embed|metadata)\/([^/]+)(?:\/(.+))?$/.exec(url.pathname)
    : /^ia\d+\.us\.archive\.org$/.test(siteHost(url))
      ? /^\/\d+\/items\/([^/]+)(?:\/(.+))?$/.exec(url.pathname)
      : null
  if (!path) return null
  return { identifier: decoded(path[1]!), file: path[2] ? decoded(path[2]) : null }
}

/** The NASA id of an address of NASA's image and video library, also on the host of `nasaUrl`. */
export function nasaIdOf(text: string, nasaUrl?: string): string | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const own = nasaUrl !== undefined && new URL(nasaUrl).host === url.host
  if (!own && !NASA_HOST.test(siteHost(url))) return null
  const id = /^\/(?:details\/|details-|video\/|asset\/)([^/]+)/.exec(url.pathname)?.[1]
  return id === undefined ? null : decoded(id).replace(/\.html$/, '')
}

/**
 * One spelling for one address: host in lower case, no fragment, no tracking parameters, and the
 * platform's own short form for a single video. Other parameters keep their order and their exact
 * bytes, since signed links depend on them.
 *
 * @throws TypeError when the text is no URL
 */
export function canonicalUrl(text: string): string {
  const url = new URL(text)
  const id = videoIdOfUrl(text)
  const platform = platformOfUrl(text)
  if (platform === 'youtube' && id) return `https://www.youtube.com/watch?v=${id}`
  if (platform === 'instagram' && id) return `https://www.instagram.com/p/${id}/`
  if (platform === 'tiktok' && id) {
    // The name is kept: it is shown, and a page without it is one redirect further away.
    const name = /^\/(@[^/]+)\//.exec(url.pathname)?.[1] ?? '@_'
    return `https://www.tiktok.com/${name}/video/${id}`
  }
  url.hash = ''
  url.hostname = url.hostname.replace(/\.$/, '')
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && !isTracking(part.split('=')[0]!, platform))
  url.search = kept.length > 0 ? `?${kept.join('&')}` : ''
  return url.href
}

/**
 * The source id of an address on a site without ids: the same for the same parameters in another
 * order. What is fetched keeps its order.
 *
 * @throws TypeError when the text is no URL
 */
export function sourceIdOfUrl(text: string): string {
  const [page, query] = canonicalUrl(text).split('?', 2) as [string, string | undefined]
  return hashOf(query === undefined ? page : `${page}?${query.split('&').sort().join('&')}`)
}

/** SHA-256 of a text, hex: the source id of things that have no id of their own. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The last part of the path, decoded (`lathe 1.mp4`), else the host. */
export function fileNameOfUrl(text: string): string {
  const url = new URL(text)
  return decoded(url.pathname.split('/').findLast(Boolean) ?? '') || url.host
}

/** `si` and `feature` mean tracking on youtube only; elsewhere they may choose the content. */
function isTracking(name: string, platform: SitePlatform | null): boolean {
  if (TRACKING.test(name)) return true
  return platform === 'youtube' && /^(?:si|feature|pp|ab_channel|t|index)$/.test(name)
}

function youtubeId(text: string | null | undefined): string | null {
  return text && /^[\w-]{11}$/.test(text) ? text : null
}

function fileTitle(name: string): string {
  return `File:${name.replaceAll('_', ' ')}`
}

function siteHost(url: URL): string {
  return url.hostname.replace(/\.$/, '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray percent sign: the text is not encoded, so it is already what it says.
    return text
  }
}
