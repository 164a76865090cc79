/** Platforms that are asked at a measured pace. */
const RATE_PLATFORMS = ['youtube', 'tiktok', 'instagram', 'commons', 'archive', 'nasa'] as const
export type RatePlatform = (typeof RATE_PLATFORMS)[number]

/** True for the name of such a platform. */
export function isRatePlatform(name: string): name is RatePlatform {
  return RATE_PLATFORMS.some((platform) => platform === name)
}

/** How one platform is asked, by all workers together. */
interface PlatformRate {
  /** Requests of an open archive; downloads of the others. */
  perMinute: number
  /** Of those, so many may come at once after a rest. */
  burst: number
  /** Downloads at once. */
  connections: number
  /** Cookie file in Netscape format for yt-dlp; never changed. */
  cookies: string | null
  /** Proxy that yt-dlp's connections go through; may hold a password. */
  proxy: string | null
}

export type PlatformRates = Readonly<Record<RatePlatform, PlatformRate>>

type Open = 'COMMONS' | 'ARCHIVE' | 'NASA'
type Closed = Exclude<Uppercase<RatePlatform>, Open>

/** The variables that say it, as they are after their check. */
type RateVariables = {
  FORGEINDEX_CONTACT: string | null
  FORGEINDEX_PLATFORM_CONNECTIONS: number
} & { [Name in Uppercase<RatePlatform> as `FORGEINDEX_RATE_${Name}`]?: number | undefined } & {
  [Name in Closed as `FORGEINDEX_COOKIES_${Name}`]: string | null
} & { [Name in Closed as `FORGEINDEX_PROXY_${Name}`]?: string | undefined }

/**
 * Wikimedia's limits are 10 a minute for callers without a contact and 200 with one
 * (lists.wikimedia.org mediawiki-api PYJ545D3): what may come at once counts. The archives publish
 * none: a pace that a reader could keep. For the others what `yt-dlp -t sleep` does: a download each
 * 10 to 20 s.
 */
export function ratesFrom(env: RateVariables): PlatformRates {
  const usual = {
    youtube: 6,
    tiktok: 6,
    instagram: 6,
    commons: env.FORGEINDEX_CONTACT ? 180 : 7,
    archive: 120,
    nasa: 120,
  }
  const entries = RATE_PLATFORMS.map((platform) => {
    const name = platform.toUpperCase() as Uppercase<RatePlatform>
    const perMinute = env[`FORGEINDEX_RATE_${name}`] ?? usual[platform]
    const isOpen = name === 'COMMONS' || name === 'ARCHIVE' || name === 'NASA'
    const entry = Object.freeze({
      perMinute,
      burst: Math.max(3, perMinute / 10),
      connections: env.FORGEINDEX_PLATFORM_CONNECTIONS,
      cookies: isOpen ? null : env[`FORGEINDEX_COOKIES_${name}`],
      proxy: isOpen ? null : (env[`FORGEINDEX_PROXY_${name}`] ?? null),
    })
    return [platform, entry] as const
  })
  return Object.freeze(Object.fromEntries(entries)) as PlatformRates
}
