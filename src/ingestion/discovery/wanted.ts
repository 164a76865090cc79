import type { ApifyPlatform } from './apify-items.ts'

/** What a search text stands for on a platform: `#lathe` a hashtag, `@maker` a profile, else words. */
export type Wanted = { kind: 'words' | 'hashtag' | 'profile'; text: string }

export function wantedBy(query: string): Wanted {
  const text = query.replace(/\s+/g, ' ').trim()
  const hashtag = /^#([\p{L}\p{N}_]+)$/u.exec(text)?.[1]
  if (hashtag) return { kind: 'hashtag', text: hashtag }
  const profile = /^@([\p{L}\p{N}_.-]+)$/u.exec(text)?.[1]
  return profile ? { kind: 'profile', text: profile } : { kind: 'words', text }
}

/** The page of a hashtag or profile, null for words. */
export function pageOf(platform: ApifyPlatform, wanted: Wanted): string | null {
  const name = encodeURIComponent(wanted.text)
  if (wanted.kind === 'words') return null
  const isProfile = wanted.kind === 'profile'
  if (platform === 'youtube') {
    return `https://www.youtube.com/${isProfile ? `@${name}/videos` : `hashtag/${name}`}`
  }
  if (platform === 'tiktok') return `https://www.tiktok.com/${isProfile ? '@' : 'tag/'}${name}`
  return `https://www.instagram.com/${isProfile ? '' : 'explore/tags/'}${name}/`
}
