import { resolveEntities } from '../../media/entities.ts'

/** The readable text of a small piece of HTML: no tags, no hidden parts, entities resolved. */
export function plainText(html: string): string {
  const written = html
    .replace(/<(style|script)\b[^>]*>[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<(\w+)\b[^>]*display:\s*none[^>]*>[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<(?:br|\/p|\/div|\/li)\b[^>]*>/gi, ' ')
    .replace(/<[^>]*>/g, '')
  return resolveEntities(written).replace(/\s+/g, ' ').trim()
}

/** The first link of a piece of HTML as an absolute http(s) address, or null. */
export function firstLink(html: string, base: string): string | null {
  const href = /<a\b[^>]*\bhref="([^"]+)"/i.exec(html)?.[1]?.replaceAll('&amp;', '&')
  if (href === undefined || !URL.canParse(href, base)) return null
  const url = new URL(href, base)
  return /^https?:$/.test(url.protocol) ? url.href : null
}
