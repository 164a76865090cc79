import type { Db } from '../config/database.ts'
import { type AnyOfFacet, countFacets, type FacetCounts } from '../store/facets.ts'
import type { VideoFilters } from '../store/video-filters.ts'

/** Facets of whose values a filter takes any, and that filter. */
const ANY_OF = {
  platform: 'platform',
  category: 'category',
  licence: 'licence',
  hasSpeech: 'hasSpeech',
  duplicate: 'hideDuplicates',
} as const satisfies Record<AnyOfFacet, keyof VideoFilters>

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
  const choices: Partial<Record<AnyOfFacet, VideoFilters>> = {}
  const others = { ...filters }
  for (const [facet, own] of Object.entries(ANY_OF) as [AnyOfFacet, keyof VideoFilters][]) {
    if (!narrows(filters[own])) continue
    choices[facet] = { [own]: filters[own] }
    delete others[own]
  }
  if (!ranked) return await countFacets(db, others, { choices })
  // A ranking looks at so many frames and no more: under other filters it is another one.
  const facets = await countFacets(db, { videoIds: await ranked(filters) })
  for (const facet of Object.keys(choices) as AnyOfFacet[]) {
    const { [ANY_OF[facet]]: _own, ...without } = filters
    const videoIds = await ranked(without)
    facets[facet] = (await countFacets(db, { videoIds }, { labels: false }))[facet]
  }
  return facets
}

/** `hideDuplicates: false` and an empty list leave nothing out; `hasSpeech: false` does. */
function narrows(value: VideoFilters[keyof VideoFilters]): boolean {
  return value !== undefined && (!Array.isArray(value) || value.length > 0)
}
