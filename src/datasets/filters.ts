import { z } from 'zod'
import { type InputFault, InvalidInputError } from '../errors.ts'
import { UUID } from '../store/ids.ts'
import { QUALITY_BOUNDS, type QualityBound } from '../store/quality.ts'
import type { VideoFilters } from '../store/video-filters.ts'

/** PostgreSQL takes no NUL character. */
const text = z.string().regex(/^[^\0]*$/)

/** One value, several separated by commas, or a JSON list. Empty texts are left out. */
const listed = z
  .union([z.string(), z.array(z.string())])
  .transform((value) =>
    (typeof value === 'string' ? value.split(',') : value)
      .map((item) => item.trim())
      .filter(Boolean),
  )
const list = listed.pipe(z.array(text.max(200)).max(50)).optional()

/** Most videos that one filter can name; a body takes so many, an address some hundreds. */
const MAX_VIDEO_IDS = 10_000
const id = z.string().regex(UUID).toLowerCase()

const numeral = z.string().regex(/^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$/)
const number = (max: number) =>
  z
    .union([z.number(), numeral.transform(Number)])
    .pipe(z.number().min(0).max(max))
    .optional()

const flag = z
  .union([
    z.boolean(),
    z.enum(['true', 'false', '1', '0']).transform((v) => v === 'true' || v === '1'),
  ])
  .optional()

/** Longest video there can be in a filter: a year, in seconds. */
const MAX_SECONDS = 366 * 24 * 3600

/** Largest bound of a picture's shorter side. */
const MAX_PIXELS = 100_000

/**
 * The filters of the contract, by their snake_case names, as they come in a query string or in JSON.
 * Spread it into a route's own schema; the values it gives are what `parseFilters` takes.
 */
export const filterQueryFields = {
  platform: list.describe('Any of these platforms, separated by commas'),
  category: list.describe("Any of these categories of the taxonomy, or 'other'"),
  tags: list.describe('All of these tags'),
  objects: list.describe('All of these objects or concepts, each on some frame'),
  activities: list.describe('All of these activities'),
  min_confidence: number(1).describe(
    '0-1, of the objects and activities asked for, else of any object',
  ),
  min_duration: number(MAX_SECONDS).describe('Seconds, inclusive'),
  max_duration: number(MAX_SECONDS).describe('Seconds, inclusive'),
  licence: list.describe("Any of these licences; 'open' for those that allow any use, 'unknown'"),
  has_speech: flag.describe('Someone speaks'),
  hide_duplicates: flag.describe('Leave out videos of which a better near-duplicate is there'),
  min_short_side: number(MAX_PIXELS).describe('Pixels of the shorter side, inclusive'),
  min_sharpness: number(QUALITY_BOUNDS.min_sharpness.most).describe(
    'Median variance of the Laplacian: 30 leaves out what is soft, 100 what is not quite sharp',
  ),
  min_motion: number(1).describe('Mean change in 0.2 s as a share of the range of grey, 0-1'),
  max_motion: number(1).describe('The same: 0.04 leaves out most moving cameras'),
  max_clipped_share: number(1).describe('Share of pixels that are black or white, 0-1'),
  max_black_share: number(1).describe('Share of the time that is black, 0-1'),
  max_frozen_share: number(1).describe('Share of the time without any change, 0-1'),
  max_overlay_share: number(1).describe(
    'Share of the picture with text or a logo that stays, 0-1; only videos where it can be told',
  ),
  min_speech_share: number(1).describe('Share of the time in which someone speaks, 0-1'),
  slide_show: flag.describe('Only slide shows, or none'),
  screen_recording: flag.describe("Only what looks like a computer's screen, or nothing of it"),
  video_ids: listed
    .pipe(z.array(id).min(1).max(MAX_VIDEO_IDS))
    .optional()
    .describe('These videos only, separated by commas'),
  q: text.max(1000).optional().describe('All of these words in title, tags, speech, description'),
}

const QUALITY_NAMES = Object.keys(QUALITY_BOUNDS) as QualityBound[]

type FilterName = keyof typeof filterQueryFields

/** What each filter expects, for the one who got it wrong. */
const LIST = 'a list of at most 50 texts, or texts separated by commas'
const SHARE = 'a number from 0 to 1'
const EXPECTED: Record<FilterName, string> = {
  platform: LIST,
  category: LIST,
  tags: LIST,
  objects: LIST,
  activities: LIST,
  min_confidence: 'a number from 0 to 1',
  min_duration: `a number of seconds from 0 to ${MAX_SECONDS}`,
  max_duration: `a number of seconds from 0 to ${MAX_SECONDS}`,
  licence: LIST,
  has_speech: 'true or false',
  hide_duplicates: 'true or false',
  min_short_side: `a number of pixels from 0 to ${MAX_PIXELS}`,
  min_sharpness: 'a number from 0 to 1000000',
  min_motion: SHARE,
  max_motion: SHARE,
  max_clipped_share: SHARE,
  max_black_share: SHARE,
  max_frozen_share: SHARE,
  max_overlay_share: SHARE,
  min_speech_share: SHARE,
  slide_show: 'true or false',
  screen_recording: 'true or false',
  video_ids: `a list of 1 to ${MAX_VIDEO_IDS.toLocaleString('en')} ids of videos`,
  q: 'a text of at most 1,000 characters',
}

const schema = z.strictObject(filterQueryFields)

/**
 * Filters from a query string's or a JSON body's values. Unknown names and wrong values are all
 * reported at once; `at` goes before each name (`filters.` in a body).
 *
 * @throws InvalidInputError `invalid-filters`
 */
export function parseFilters(input: unknown, at = ''): VideoFilters {
  const parsed = schema.safeParse(input)
  if (!parsed.success)
    throw refused(onePerPath(parsed.error.issues.flatMap((issue) => faultsOf(issue, input, at))))
  const given = parsed.data
  const { min_duration: min, max_duration: max } = given
  if (min !== undefined && max !== undefined && min > max) {
    const expected = `at most max_duration (${max})`
    throw refused([{ path: `${at}min_duration`, expected, got: String(min) }])
  }
  const quality: Partial<Record<QualityBound, number>> = {}
  for (const name of QUALITY_NAMES) {
    const bound = given[name]
    if (bound !== undefined) quality[name] = bound
  }
  return {
    ...(given.platform?.length ? { platform: given.platform } : {}),
    ...(given.category?.length ? { category: given.category } : {}),
    ...(given.tags?.length ? { tags: given.tags } : {}),
    ...(given.objects?.length ? { objects: given.objects } : {}),
    ...(given.activities?.length ? { activities: given.activities } : {}),
    ...(given.min_confidence === undefined ? {} : { minConfidence: given.min_confidence }),
    ...(min === undefined ? {} : { minDuration: min }),
    ...(max === undefined ? {} : { maxDuration: max }),
    ...(given.licence?.length ? { licence: given.licence } : {}),
    ...(given.has_speech === undefined ? {} : { hasSpeech: given.has_speech }),
    ...(given.hide_duplicates === undefined ? {} : { hideDuplicates: given.hide_duplicates }),
    ...(given.min_short_side === undefined ? {} : { minShortSide: given.min_short_side }),
    ...(Object.keys(quality).length > 0 ? { quality } : {}),
    ...(given.slide_show === undefined ? {} : { slideShow: given.slide_show }),
    ...(given.screen_recording === undefined ? {} : { screenRecording: given.screen_recording }),
    ...(given.video_ids ? { videoIds: [...new Set(given.video_ids)] } : {}),
    ...(given.q?.trim() ? { query: given.q.trim() } : {}),
  }
}

/** The filters as JSON with the contract's names: what `parseFilters` reads back. */
export function filtersJson(filters: VideoFilters): Record<string, unknown> {
  const json: Record<Exclude<FilterName, QualityBound>, unknown> = {
    platform: filters.platform,
    category: filters.category,
    tags: filters.tags,
    objects: filters.objects,
    activities: filters.activities,
    min_confidence: filters.minConfidence,
    min_duration: filters.minDuration,
    max_duration: filters.maxDuration,
    licence: filters.licence,
    has_speech: filters.hasSpeech,
    hide_duplicates: filters.hideDuplicates,
    min_short_side: filters.minShortSide,
    ...filters.quality,
    slide_show: filters.slideShow,
    screen_recording: filters.screenRecording,
    video_ids: filters.videoIds,
    q: filters.query,
  }
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined))
}

/** The filters in words, for people: `objects person and bottle · at least 5 s`. */
export function describeFilters(filters: VideoFilters): string {
  const any = (values: string[]) => values.join(' or ')
  const all = (values: string[]) => values.join(' and ')
  const chosen = filters.videoIds?.length
  const parts = [
    chosen !== undefined && `${chosen.toLocaleString('en')} chosen video${chosen === 1 ? '' : 's'}`,
    filters.query && `words “${filters.query}”`,
    filters.platform && `platform ${any(filters.platform)}`,
    filters.category && `category ${any(filters.category)}`,
    filters.tags && `tags ${all(filters.tags)}`,
    filters.objects && `objects ${all(filters.objects)}`,
    filters.activities && `activities ${all(filters.activities)}`,
    filters.minConfidence !== undefined && `confidence at least ${filters.minConfidence}`,
    filters.minDuration !== undefined && `at least ${filters.minDuration} s`,
    filters.maxDuration !== undefined && `at most ${filters.maxDuration} s`,
    filters.licence && `licence ${any(filters.licence)}`,
    filters.hasSpeech !== undefined && (filters.hasSpeech ? 'with speech' : 'without speech'),
    filters.hideDuplicates && 'without near-duplicates',
    filters.minShortSide !== undefined && `shorter side at least ${filters.minShortSide} px`,
    ...Object.entries(filters.quality ?? {}).map(([name, value]) => boundInWords(name, value)),
    filters.slideShow !== undefined && (filters.slideShow ? 'slide shows' : 'no slide shows'),
    filters.screenRecording !== undefined &&
      (filters.screenRecording ? 'recordings of a screen' : 'no recordings of a screen'),
    filters.status && `status ${any(filters.status)}`,
  ].filter(Boolean)
  return parts.length > 0 ? parts.join(' · ') : 'all videos'
}

/** `max_black_share` 0.5 is `black share at most 0.5`. */
function boundInWords(name: string, value: number): string {
  const [side, ...words] = name.split('_')
  return `${words.join(' ')} ${side === 'min' ? 'at least' : 'at most'} ${value}`
}

function faultsOf(issue: z.core.$ZodIssue, input: unknown, at: string): InputFault[] {
  if (issue.code === 'unrecognized_keys') {
    const expected = `one of ${Object.keys(EXPECTED).join(', ')}`
    return issue.keys.map((key) => ({ path: `${at}${key}`, expected, got: 'an unknown filter' }))
  }
  const name = issue.path[0] as FilterName | undefined
  if (name === undefined) {
    return [{ path: at.replace(/\.$/, ''), expected: 'an object of filters', got: shown(input) }]
  }
  const got = shown((input as Record<string, unknown>)[name])
  return [{ path: `${at}${name}`, expected: EXPECTED[name], got }]
}

/** A list of 10,000 wrong ids is one fault. */
function onePerPath(faults: InputFault[]): InputFault[] {
  return [...new Map(faults.map((fault) => [fault.path, fault])).values()]
}

function refused(faults: InputFault[]): InvalidInputError {
  const lines = faults.map(({ path, expected, got }) => `${path}: expected ${expected}, got ${got}`)
  return new InvalidInputError('invalid-filters', `These filters are wrong: ${lines.join('; ')}.`, {
    faults,
  })
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
