import path from 'node:path'

const EXTENSIONS: Record<string, string> = {
  'video/mp4': 'mp4',
  'application/mp4': 'mp4',
  'video/x-m4v': 'm4v',
  'video/webm': 'webm',
  'video/quicktime': 'mov',
  'video/x-matroska': 'mkv',
  'video/ogg': 'ogv',
  'application/ogg': 'ogv',
  'video/mpeg': 'mpg',
  'video/mp2t': 'ts',
  'video/x-msvideo': 'avi',
  'video/avi': 'avi',
  'video/x-flv': 'flv',
  'video/x-ms-wmv': 'wmv',
  'video/x-ms-asf': 'asf',
  'video/3gpp': '3gp',
  'image/gif': 'gif',
}

/** How a server announces bytes that it has no type for. */
const UNKNOWN = new Set([
  '',
  'application/octet-stream',
  'binary/octet-stream',
  'application/binary',
])

/** Pages, and feeds that list videos. */
const PAGE = /^(?:text\/html|(?:application|text)\/xml|application\/(?:xhtml|rss|atom)\+xml)$/

/**
 * What a `Content-Type` header means for us: `media` (a file to fetch), `page` (look for a video
 * in it), `playlist` (HLS or DASH) or `other` (text, picture, sound …).
 */
export function kindOfContent(contentType: string | null): 'media' | 'page' | 'playlist' | 'other' {
  const type = bareType(contentType)
  if (/mpegurl$/.test(type) || type === 'application/dash+xml') return 'playlist'
  if (PAGE.test(type)) return 'page'
  return type.startsWith('video/') || type in EXTENSIONS || UNKNOWN.has(type) ? 'media' : 'other'
}

/** The ending of a stored file (`mp4`), from its type, else from its address, else `bin`. */
export function extensionOf(contentType: string | null, url: string): string {
  const known = EXTENSIONS[bareType(contentType)]
  if (known) return known
  const own = path.posix.extname(new URL(url).pathname).slice(1).toLowerCase()
  return /^[a-z0-9]{2,4}$/.test(own) ? own : 'bin'
}

function bareType(contentType: string | null): string {
  return (contentType ?? '').split(';')[0]!.trim().toLowerCase()
}
