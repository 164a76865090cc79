import { sql } from 'kysely'
import type { Db } from '../config/database.ts'
import {
  HAS_SPEECH,
  IS_DUPLICATE,
  matches,
  matchingVideos,
  type VideoFilters,
} from './video-filters.ts'
import { FIRST_CHARACTER } from './video-labels.ts'

/** How many videos have a value. */
export interface ValueCount {
  value: string
  count: number
}

/** How many of some videos have each value; every list by count, then value, at most 200. */
export interface FacetCounts {
  /** Videos that match. */
  total: number
  /** Seconds; null when no duration is known. */
  duration: { min: number; max: number } | null
  platform: ValueCount[]
  category: ValueCount[]
  /** `unknown` for none stated. */
  licence: ValueCount[]
  /** Values `true` and `false`. */
  hasSpeech: ValueCount[]
  /** `true` where a better near-duplicate is there. */
  duplicate: ValueCount[]
  /** Labels of boxes and concepts; a video with both counts once. */
  objects: ValueCount[]
  activities: ValueCount[]
  tags: ValueCount[]
}

/** Longest list of one facet. */
const MOST_VALUES = 200

/** Facets of which a video has one value, so that a filter takes any of several. */
export type AnyOfFacet = 'platform' | 'category' | 'licence' | 'hasSpeech' | 'duplicate'

/**
 * Counts the matching videos by every facet, in one pass over them. `choices` are further filters, by
 * the facet they belong to: they narrow every count but that facet's own. `labels: false` leaves out
 * objects, activities and tags (their lists are empty), which are most of the work.
 */
export async function countFacets(
  db: Db,
  filters: VideoFilters,
  {
    labels = true,
    choices = {},
  }: { labels?: boolean; choices?: Partial<Record<AnyOfFacet, VideoFilters>> } = {},
): Promise<FacetCounts> {
  const chosen = Object.entries(choices)
  const conditions = chosen.map(([, filter]) => matches(filter))
  // The combinations are few; they are added up below. The labels too are counted here: the databases
  // take several times as long for it.
  const rows = await matchingVideos(db, filters)
    .leftJoin('video_counts as c', 'c.video_id', 'v.id')
    .select([
      'v.platform',
      'v.category',
      sql<string>`coalesce(nullif(v.licence, ''), 'unknown')`.as('licence'),
      HAS_SPEECH.as('has_speech'),
      IS_DUPLICATE.as('duplicate'),
      sql<boolean[]>`array[${sql.join(conditions)}]::boolean[]`.as('passes'),
      sql<number>`count(*)`.as('count'),
      sql<number | null>`min(v.duration)`.as('min'),
      sql<number | null>`max(v.duration)`.as('max'),
      (labels
        ? sql<
            string | null
          >`string_agg(c.facets, '') filter (where ${sql.join([sql`true`, ...conditions], sql` and `)})`
        : sql<null>`null`
      ).as('facets'),
    ])
    .groupBy(sql`1, 2, 3, 4, 5, 6`)
    .execute()
  const passing = (facet?: AnyOfFacet) =>
    rows.filter((row) => chosen.every(([own], at) => own === facet || row.passes[at]))
  const summed = (facet: AnyOfFacet, of: (row: (typeof rows)[number]) => string) => {
    const counts = new Map<string, number>()
    for (const row of passing(facet)) counts.set(of(row), (counts.get(of(row)) ?? 0) + row.count)
    return inOrder(counts)
  }
  const labelled = await countLabels(
    db,
    rows.flatMap((row) => row.facets ?? []),
  )
  const all = passing()
  const shortest = all.flatMap((row) => row.min ?? [])
  const longest = all.flatMap((row) => row.max ?? [])
  return {
    total: all.reduce((sum, row) => sum + row.count, 0),
    duration:
      shortest.length > 0 ? { min: Math.min(...shortest), max: Math.max(...longest) } : null,
    platform: summed('platform', (row) => row.platform),
    category: summed('category', (row) => row.category),
    licence: summed('licence', (row) => row.licence),
    hasSpeech: summed('hasSpeech', (row) => String(row.has_speech)),
    duplicate: summed('duplicate', (row) => String(row.duplicate)),
    objects: inOrder(labelled.o),
    activities: inOrder(labelled.a),
    tags: inOrder(labelled.t),
  }
}

/** How often each value occurs in texts of one character per value. */
async function countLabels(
  db: Db,
  texts: string[],
): Promise<Record<'o' | 'a' | 't', Map<string, number>>> {
  const counts: number[] = []
  for (const text of texts) {
    for (let at = 0; at < text.length; at++) {
      const code = text.codePointAt(at)!
      // Beyond the first 65,536 characters one takes two places.
      if (code > 0xffff) at++
      counts[code - FIRST_CHARACTER] = (counts[code - FIRST_CHARACTER] ?? 0) + 1
    }
  }
  const byKind = { o: new Map(), a: new Map(), t: new Map() }
  if (counts.length === 0) return byKind
  const values = await db.selectFrom('facet_values').selectAll().execute()
  for (const { id, kind, label } of values) {
    const count = counts[id]
    if (count !== undefined) byKind[kind].set(label, count)
  }
  return byKind
}

function inOrder(counts: Map<string, number>): ValueCount[] {
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, MOST_VALUES)
}
