import type { Db } from '../config/database.ts'
import { countFacets, type FacetCounts } from '../store/facets.ts'
import type { VideoFilters } from '../store/video-filters.ts'

/** Facets of whose values a filter takes any, and that filter. */
const ANY_OF = {
  platform: 'platform',
  category: 'category',
  licence: 'licence',
  hasSpeech: 'hasSpeech',
  duplicate: 'hideDuplicates',
} as const

/**
 * Videos per value of each filter. A facet is counted with all other filters, and with its own too
 * where a video must have all of its values (objects, activities, tags): its counts are what one more
 * choice leaves. Where any value will do (platform, licence, …) its own filter is left out, so that
 * the other choices stay visible.
 *
 * `ranked` gives the ids that a search finds under some filters; null counts among the library.
 */
export async function facetsOf(
  db: Db,
  filters: VideoFilters,
  ranked: ((filters: VideoFilters) => Promise<string[]>) | null,
): Promise<FacetCounts> {
  const among = async (chosen: VideoFilters): Promise<VideoFilters> =>
    ranked ? { videoIds: await ranked(chosen) } : chosen
  const facets = await countFacets(db, await among(filters))
  for (const [facet, own] of Object.entries(ANY_OF) as [
    keyof typeof ANY_OF,
    keyof VideoFilters,
  ][]) {
    if (!narrows(filters[own])) continue
    const { [own]: _left, ...others } = filters
    facets[facet] = (await countFacets(db, await among(others), { labels: false }))[facet]
  }
  return facets
}

/** `hideDuplicates: false` and an empty list leave nothing out; `hasSpeech: false` does. */
function narrows(value: VideoFilters[keyof VideoFilters]): boolean {
  return value !== undefined && (!Array.isArray(value) || value.length > 0)
}
