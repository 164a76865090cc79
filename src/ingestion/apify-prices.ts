/**
 * Dollars for one result and for one start at Apify's free tier, by default actor. Read on 2026-10-09
 * from the actors' pages (`apify.com/streamers/youtube-scraper`, `apify.com/clockworks/tiktok-scraper`,
 * `apify.com/apify/instagram-scraper`) by a third party that published them; larger plans pay less.
 * An actor of one's own may cost anything: the estimate says so.
 */
const PRICES = {
  youtube: { actor: 'streamers/youtube-scraper', result: 0.004, start: 0 },
  tiktok: { actor: 'clockworks/tiktok-scraper', result: 0.0037, start: 0.001 },
  instagram: { actor: 'apify/instagram-scraper', result: 0.0027, start: 0 },
} as const

export type PaidPlatform = keyof typeof PRICES

export function isPaidPlatform(platform: string): platform is PaidPlatform {
  return platform in PRICES
}

/** Dollars that one search for so many results costs; null for an actor whose price is not known. */
export function apifyPrice(platform: PaidPlatform, actor: string, results: number): number | null {
  const price = PRICES[platform]
  return actor === price.actor ? price.start + price.result * results : null
}
