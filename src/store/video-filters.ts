import { type Expression, type SqlBool, sql } from 'kysely'
import type { Db, Trx } from '../config/database.ts'
import { IS_QUALITY, QUALITY_BOUNDS, type QualityBound } from './quality.ts'
import type { VideoStatus } from './schema.ts'

/**
 * Which videos are meant. Every field given narrows the choice; `{}` means all videos.
 *
 * A list of platforms, categories, licences or statuses means any of them (a video has one). A list
 * of tags, objects or activities means all of them (a video has many). Words are compared without
 * regard to case, and a space counts as an underscore: `cell phone` is `cell_phone`.
 */
export interface VideoFilters {
  platform?: string[]
  category?: string[]
  tags?: string[]
  /** The taxonomy's label, the detector's own word, or a concept seen on a frame. */
  objects?: string[]
  activities?: string[]
  /**
   * 0–1, for the objects and activities asked for: at least one box, concept or segment of that
   * label is as sure as this. Without objects and activities: any box is.
   */
  minConfidence?: number
  /** Seconds, inclusive. A video of unknown duration never matches. */
  minDuration?: number
  maxDuration?: number
  /**
   * A licence's name, without a version for all its versions (`cc by` is `CC BY 4.0` too); `open`
   * for those that allow any use (CC0, public domain, CC BY, CC BY-SA); `unknown` for none stated.
   */
  licence?: string[]
  /** True: someone was understood to speak. False: nobody, or never transcribed. */
  hasSpeech?: boolean
  /** Leaves out the lesser video of each pair of near-duplicates; the same scene is none. */
  hideDuplicates?: boolean
  /** Pixels of the shorter side, inclusive. */
  minShortSide?: number
  /** Bounds of scores of quality, inclusive. A video without the score never matches. */
  quality?: Partial<Record<QualityBound, number>>
  /** Only slide shows, or none; the same for recordings of a screen. */
  slideShow?: boolean
  screenRecording?: boolean
  status?: VideoStatus[]
  /** These videos only; an empty list means none. */
  videoIds?: string[]
  /** Words that are all in title, tags, transcript or description; "quoted", or, -not. */
  query?: string
}

/**
 * The videos that the filters mean, as a query on `videos as v` with nothing selected yet.
 * It serves as a list, as a count and as a subquery: `v.id in (…)`.
 */
export function matchingVideos(db: Db | Trx, filters: VideoFilters) {
  return db.selectFrom('videos as v').where((eb) => eb.and(conditions(filters)))
}

/** Ids of all videos that the filters mean, oldest first. */
export async function matchingVideoIds(db: Db, filters: VideoFilters): Promise<string[]> {
  const rows = await matchingVideos(db, filters)
    .select('v.id')
    .orderBy('v.created_at')
    .orderBy('v.id')
    .execute()
  return rows.map((row) => row.id)
}

/** The filters as one condition on `v`. */
export function matches(filters: VideoFilters): Expression<SqlBool> {
  const all = conditions(filters)
  return all.length > 0 ? sql<SqlBool>`(${sql.join(all, sql` and `)})` : sql<SqlBool>`true`
}

/** True when the filters leave nothing out. */
export function isUnfiltered(filters: VideoFilters): boolean {
  return conditions(filters).length === 0
}

/**
 * Text as full-text search shall see it: ASCII punctuation becomes spaces. PostgreSQL's parser
 * otherwise takes `worker-zone.mp4` or `cnc/lathe` as one host name or path that no word finds.
 */
export function asWords(text: Expression<string | null> | string) {
  return sql<string>`regexp_replace(${text}, ${PUNCTUATION}, ' ', 'g')`
}

const PUNCTUATION = '[!-/:-@[-`{-~]+'

/**
 * Open licences: those of `src/licences/table.ts` that are (its test compares), and in sources' own words
 * Commons templates and YouTube's one sentence. In lower case, with dashes, without `LicenseRef-`.
 */
const OPEN_LICENCE =
  '^(cc0|cc-0|cc-zero|cc-pd|pdm?|public-domain|no-restrictions|no-known-copyright-restrictions|' +
  'cc-by|cc-by-sa)(-(mark|pd|us|usgov|self|old|nasa|user|author|youtube)|-?[0-9].*)*$' +
  '|^creative-commons-attribution(-sharealike)?(-share-alike)?(-licen[cs]e|-[0-9]|$)' +
  '|^(lal-1[.]3|mit|apache-2[.]0)$'

type Condition = Expression<SqlBool>

/** That someone speaks in `v`, and that a better near-duplicate of it is there. */
export const HAS_SPEECH = sql<boolean>`(v.id in (select t.video_id from transcripts t where t.has_speech))`
export const IS_DUPLICATE = sql<boolean>`(v.id in (select p.video_id_b from duplicate_pairs p
  where p.is_duplicate))`

function conditions(filters: VideoFilters): Condition[] {
  const all: Condition[] = []
  const { minConfidence } = filters
  if (filters.platform?.length) all.push(oneOf('platform', filters.platform))
  if (filters.category?.length) all.push(oneOf('category', filters.category))
  if (filters.status?.length) {
    all.push(sql`v.status::text = any(${filters.status}::text[])`)
  }
  for (const tag of filters.tags ?? []) {
    all.push(sql`v.id in (select t.video_id from video_tags t
      where lower(t.tag) = any(${spellings(tag)}::text[]))`)
  }
  for (const object of filters.objects ?? []) {
    all.push(hasLabel(object, sql`l.kind <> 'activity'`, minConfidence ?? 0))
  }
  for (const activity of filters.activities ?? []) {
    all.push(hasLabel(activity, sql`l.kind = 'activity'`, minConfidence ?? 0))
  }
  if (minConfidence !== undefined && !filters.objects?.length && !filters.activities?.length) {
    all.push(sql`v.id in (select l.video_id from video_labels l
      where l.kind = 'object' and l.max_confidence >= ${minConfidence})`)
  }
  if (filters.minDuration !== undefined) all.push(sql`v.duration >= ${filters.minDuration}`)
  if (filters.maxDuration !== undefined) all.push(sql`v.duration <= ${filters.maxDuration}`)
  if (filters.licence?.length) {
    all.push(sql`(${sql.join(filters.licence.map(hasLicence), sql` or `)})`)
  }
  if (filters.hasSpeech !== undefined) {
    all.push(filters.hasSpeech ? HAS_SPEECH : sql`not ${HAS_SPEECH}`)
  }
  if (filters.hideDuplicates) all.push(sql`not ${IS_DUPLICATE}`)
  if (filters.minShortSide !== undefined) {
    all.push(sql`least(v.width, v.height) >= ${filters.minShortSide}`)
  }
  const quality = qualityConditions(filters)
  if (quality.length > 0) {
    all.push(sql`v.id in (select q.video_id from video_quality q
      where ${sql.join(quality, sql` and `)})`)
  }
  if (filters.videoIds) all.push(sql`v.id = any(${filters.videoIds}::uuid[])`)
  if (filters.query !== undefined) {
    all.push(sql`v.id in (select w.video_id from video_documents w
      where w.document @@ ${allWords(filters.query)})`)
  }
  return all
}

function qualityConditions({
  quality = {},
  slideShow,
  screenRecording,
}: VideoFilters): Condition[] {
  const all: Condition[] = []
  for (const [name, value] of Object.entries(quality)) {
    const column = sql.ref(`q.${QUALITY_BOUNDS[name as QualityBound].column}`)
    all.push(name.startsWith('min_') ? sql`${column} >= ${value}` : sql`${column} <= ${value}`)
  }
  if (slideShow !== undefined) all.push(sql`(q.slide_show >= ${IS_QUALITY}) = ${slideShow}`)
  if (screenRecording !== undefined) {
    all.push(sql`(q.screen_recording >= ${IS_QUALITY}) = ${screenRecording}`)
  }
  return all
}

function oneOf(column: 'platform' | 'category', values: string[]): Condition {
  return sql`lower(v.${sql.ref(column)}) = any(${values.flatMap(spellings)}::text[])`
}

function hasLabel(label: string, kind: Condition, minConfidence: number): Condition {
  return sql`v.id in (select l.video_id from video_labels l
    where l.label = any(${spellings(label)}::text[]) and ${kind}
      and l.max_confidence >= ${minConfidence})`
}

function hasLicence(licence: string): Condition {
  const name = licence
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-')
    .replace(/^licenseref-/, '')
  if (name === 'unknown') return sql`(v.licence is null or v.licence = '')`
  const literal = name.replace(/[^a-z0-9-]/g, '\\$&')
  const form = name === 'open' ? OPEN_LICENCE : `^${literal}(-([0-9].*|youtube))?$`
  // Videos are many, licences few: the pattern looks at each licence once.
  return sql`v.licence in (select l.licence from (select distinct licence from videos offset 0) l
    where regexp_replace(regexp_replace(lower(l.licence), '[[:space:]_]+', '-', 'g'),
      '^licenseref-', '') ~ ${form})`
}

/** `or`, quotes and a leading minus keep their meaning; all other punctuation separates words. */
function allWords(query: string) {
  const words = query.replace(/(?<=\S)-/g, ' ').replace(/[!#-,./:-@[-`{-~]+/g, ' ')
  return sql`websearch_to_tsquery('english', ${words})`
}

/** The word as given in lower case, with underscores and with spaces. */
function spellings(word: string): string[] {
  const lower = word.trim().toLowerCase()
  return [...new Set([lower, lower.replace(/[\s-]+/g, '_'), lower.replace(/[_-]+/g, ' ')])]
}
