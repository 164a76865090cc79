import type { ApifyPlatform } from './apify-items.ts'
import { pageOf, type Wanted } from './wanted.ts'

/**
 * The input of the platform's default actor. A search of Instagram by words goes over the hashtags that
 * match them, since it has no other.
 *
 * @param maxItems  videos wanted; actors read 0 as "no limit", so it is at least 1
 */
export function actorInput(
  platform: ApifyPlatform,
  asked: { wanted: Wanted | null; urls: string[] },
  maxItems: number,
): object {
  const most = Math.max(1, maxItems)
  const page = asked.wanted && pageOf(platform, asked.wanted)
  const urls = page ? [page] : asked.urls
  const words = asked.wanted?.text ?? ''
  if (platform === 'youtube') {
    if (urls.length === 0) {
      return { searchQueries: [words], maxResults: most, maxResultsShorts: 0, maxResultStreams: 0 }
    }
    const startUrls = urls.map((url) => ({ url }))
    return { startUrls, maxResults: most, maxResultsShorts: most, maxResultStreams: 0 }
  }
  if (platform === 'tiktok') {
    // Its default is one result; videos themselves are fetched here, not by a paid extra of the actor.
    const common = { resultsPerPage: most, shouldDownloadVideos: false }
    return urls.length === 0
      ? { searchQueries: [words], searchSection: '/video', ...common }
      : { ...tiktokLists(urls), ...common }
  }
  return urls.length === 0
    ? { search: words, searchType: 'hashtag', searchLimit: 5, ...instagramPosts(most) }
    : { directUrls: urls, ...instagramPosts(most) }
}

function instagramPosts(most: number): object {
  return { resultsType: 'posts', resultsLimit: most }
}

/** TikTok's actor takes profiles and hashtags by name, and every other address as a post. */
function tiktokLists(urls: string[]): object {
  const found = { profiles: [] as string[], hashtags: [] as string[], postURLs: [] as string[] }
  for (const url of urls) {
    const { pathname } = new URL(url)
    const profile = /^\/@([^/]+)\/?$/.exec(pathname)?.[1]
    const hashtag = /^\/tag\/([^/]+)\/?$/.exec(pathname)?.[1]
    if (profile) found.profiles.push(decodeURIComponent(profile))
    else if (hashtag) found.hashtags.push(decodeURIComponent(hashtag))
    else found.postURLs.push(url)
  }
  return Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))
}
