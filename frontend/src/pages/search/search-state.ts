import type { QueryValues } from '../../api/client.ts'
import { formatShare, formatTime, humanLabel } from '../../lib/format.ts'
import {
  boundText,
  QUALITY_BOUNDS,
  QUALITY_KINDS,
  QUALITY_WORDS,
  type QualityBound,
  type QualityKind,
} from './quality-filters.ts'

/** Filters that are lists, by the API's own names. */
export const LIST_FILTERS = [
  'objects',
  'activities',
  'tags',
  'category',
  'platform',
  'licence',
  'status',
] as const
export type ListFilter = (typeof LIST_FILTERS)[number]

/** Orders of the library; words and pictures have an order of their own. */
export const SORTS = ['created', 'oldest', 'title', 'duration', '-duration'] as const
export type Sort = (typeof SORTS)[number]

export const DENSITIES = ['compact', 'normal', 'large'] as const
export type Density = (typeof DENSITIES)[number]

export type Filters = Record<ListFilter, string[]> &
  Record<QualityBound, number | null> &
  Record<QualityKind, boolean | null> & {
    /** Shares 0–1 and seconds; null where nothing is asked. */
    min_confidence: number | null
    min_duration: number | null
    max_duration: number | null
    has_speech: boolean | null
    hide_duplicates: boolean
    /** These videos only, by id; empty for all. */
    video_ids: string[]
  }

/** What the page shows: all of it stands in the address. */
export interface SearchState extends Filters {
  q: string
  /** `video:<id>` or `keyframe:<id>`; empty when nothing is compared. */
  similar_to: string
  /** The video of the compared keyframe, so that its picture can be shown; empty when unknown. */
  similar_video: string
  sort: Sort
  density: Density
}

const MAX_WORDS = 1000
const SIMILAR = /^(video|keyframe):[^:\s]{1,100}$/

/** The state that an address tells; what it tells wrongly is as if not told. */
export function readState(params: URLSearchParams): SearchState {
  const similar = params.get('similar_to') ?? ''
  const similarTo = SIMILAR.test(similar) ? similar : ''
  const min = readNumber(params.get('min_duration'), Number.MAX_SAFE_INTEGER)
  const max = readNumber(params.get('max_duration'), Number.MAX_SAFE_INTEGER)
  const inverted = min !== null && max !== null && min > max
  const lists = Object.fromEntries(LIST_FILTERS.map((name) => [name, readList(params, name)]))
  return {
    ...(lists as Record<ListFilter, string[]>),
    ...readQuality(params),
    // The API refuses both together: the comparison is the later wish.
    q: similarTo ? '' : (params.get('q') ?? '').slice(0, MAX_WORDS),
    similar_to: similarTo,
    similar_video: similarTo ? (params.get('similar_video') ?? '') : '',
    min_confidence: readNumber(params.get('min_confidence'), 1),
    min_duration: inverted ? null : min,
    max_duration: inverted ? null : max,
    has_speech: readFlag(params.get('has_speech')),
    hide_duplicates: readFlag(params.get('hide_duplicates')) === true,
    video_ids: readList(params, 'video_ids'),
    sort: oneOf(SORTS, params.get('sort')) ?? 'created',
    density: oneOf(DENSITIES, params.get('density')) ?? 'normal',
  }
}

const NUMBERS = ['min_confidence', 'min_duration', 'max_duration', ...QUALITY_BOUNDS] as const

/** The address of a state: what is as usual is left out, so that links stay short. */
export function writeState(state: SearchState): URLSearchParams {
  const params = new URLSearchParams()
  if (state.q.trim()) params.set('q', state.q)
  if (state.similar_to) params.set('similar_to', state.similar_to)
  if (state.similar_to && state.similar_video) params.set('similar_video', state.similar_video)
  for (const name of [...LIST_FILTERS, 'video_ids'] as const) {
    // A value with a comma in it can only go alone; the empty second one keeps it whole.
    if (state[name].some((value) => value.includes(','))) {
      for (const value of [...state[name], '']) params.append(name, value)
    } else if (state[name].length > 0) params.set(name, state[name].join(','))
  }
  for (const name of [...NUMBERS, 'has_speech', ...QUALITY_KINDS] as const) {
    if (state[name] !== null) params.set(name, String(state[name]))
  }
  if (state.hide_duplicates) params.set('hide_duplicates', 'true')
  if (state.sort !== 'created') params.set('sort', state.sort)
  if (state.density !== 'normal') params.set('density', state.density)
  return params
}

/** The filters alone as the API takes them, in a query or in a body. `status` is not one of them. */
export function filtersOf(
  state: SearchState,
): Record<string, string | number | boolean | string[]> {
  const { min_confidence, min_duration, max_duration, has_speech } = state
  return {
    ...Object.fromEntries(
      [...LIST_FILTERS, 'video_ids' as const]
        .filter((name) => name !== 'status' && state[name].length > 0)
        .map((name) => [name, state[name]]),
    ),
    ...(min_confidence === null ? {} : { min_confidence }),
    ...(min_duration === null ? {} : { min_duration }),
    ...(max_duration === null ? {} : { max_duration }),
    ...(has_speech === null ? {} : { has_speech }),
    ...Object.fromEntries(
      [...QUALITY_BOUNDS, ...QUALITY_KINDS].flatMap((name) => {
        const value = state[name]
        return value === null ? [] : [[name, value]]
      }),
    ),
    ...(state.hide_duplicates ? { hide_duplicates: true } : {}),
  }
}

/** True when the results are ranked by words or by a picture, and not a list of the library. */
export const isRanked = (state: SearchState): boolean =>
  state.q.trim() !== '' || state.similar_to !== ''

/** What to ask `/api/search` (ranked) or `/api/facets`. */
export function rankedWish(state: SearchState): QueryValues {
  const { similar_to } = state
  const q = state.q.trim()
  return { ...(similar_to ? { similar_to } : q ? { q } : {}), ...filtersOf(state) }
}

/** What to ask `/api/videos`. */
export function listWish(state: SearchState): QueryValues {
  return {
    ...filtersOf(state),
    ...(state.status.length > 0 ? { status: state.status } : {}),
    sort: state.sort,
  }
}

/** An active filter as a chip shows it, with the change of the state that takes it away. */
export interface ActiveFilter {
  key: string
  /** The filter's name. */
  name: string
  value: string
  without: Partial<SearchState>
}

const NAMES: Record<ListFilter, string> = {
  objects: 'object',
  activities: 'activity',
  tags: 'tag',
  category: 'category',
  platform: 'platform',
  licence: 'licence',
  status: 'status',
}

export function activeFilters(state: SearchState): ActiveFilter[] {
  const filters: ActiveFilter[] = []
  for (const name of LIST_FILTERS) {
    if (name === 'status' && isRanked(state)) continue
    for (const value of state[name]) {
      filters.push({
        key: `${name}:${value}`,
        name: NAMES[name],
        value: humanLabel(value),
        without: { [name]: state[name].filter((each) => each !== value) },
      })
    }
  }
  const { min_duration: min, max_duration: max } = state
  if (min !== null || max !== null) {
    filters.push({
      key: 'duration',
      name: 'length',
      value:
        min !== null && max !== null
          ? `${formatTime(min)} to ${formatTime(max)}`
          : min !== null
            ? `at least ${formatTime(min)}`
            : `at most ${formatTime(max)}`,
      without: { min_duration: null, max_duration: null },
    })
  }
  if (state.min_confidence !== null) {
    filters.push({
      key: 'min_confidence',
      name: 'confidence',
      value: `at least ${formatShare(state.min_confidence)}`,
      without: { min_confidence: null },
    })
  }
  if (state.has_speech !== null) {
    const value = state.has_speech ? 'spoken' : 'none'
    filters.push({ key: 'has_speech', name: 'speech', value, without: { has_speech: null } })
  }
  for (const name of QUALITY_BOUNDS) {
    const bound = state[name]
    if (bound === null) continue
    const value = `${name.startsWith('min_') ? 'at least' : 'at most'} ${boundText(name, bound)}`
    filters.push({ key: name, name: QUALITY_WORDS[name], value, without: { [name]: null } })
  }
  for (const name of QUALITY_KINDS) {
    if (state[name] === null) continue
    const value = state[name] ? 'only' : 'none'
    filters.push({ key: name, name: QUALITY_WORDS[name], value, without: { [name]: null } })
  }
  if (state.hide_duplicates) {
    const without = { hide_duplicates: false }
    filters.push({ key: 'hide_duplicates', name: 'duplicates', value: 'hidden', without })
  }
  if (state.video_ids.length > 0) {
    const value = `${state.video_ids.length} chosen`
    filters.push({ key: 'video_ids', name: 'videos', value, without: { video_ids: [] } })
  }
  return filters
}

/** The change of a state that takes all filters away. */
export const NO_FILTERS: Filters = {
  objects: [],
  activities: [],
  tags: [],
  category: [],
  platform: [],
  licence: [],
  status: [],
  min_confidence: null,
  min_duration: null,
  max_duration: null,
  has_speech: null,
  hide_duplicates: false,
  video_ids: [],
  min_short_side: null,
  min_sharpness: null,
  min_motion: null,
  max_motion: null,
  max_clipped_share: null,
  max_black_share: null,
  max_frozen_share: null,
  max_overlay_share: null,
  min_speech_share: null,
  slide_show: null,
  screen_recording: null,
}

/** Largest bounds that the API takes; shares otherwise. */
const MOST: Partial<Record<QualityBound, number>> = { min_short_side: 100_000, min_sharpness: 1e6 }

function readQuality(
  params: URLSearchParams,
): Record<QualityBound, number | null> & Record<QualityKind, boolean | null> {
  const bounds = QUALITY_BOUNDS.map((name) => [name, readNumber(params.get(name), MOST[name] ?? 1)])
  const kinds = QUALITY_KINDS.map((name) => [name, readFlag(params.get(name))])
  return Object.fromEntries([...bounds, ...kinds])
}

/** Written once it stands between commas; written more than once each is a value as it is. */
function readList(params: URLSearchParams, name: string): string[] {
  const given = params.getAll(name)
  const values = given.length > 1 ? given : (given[0] ?? '').split(',')
  return [...new Set(values.map((value) => value.trim()).filter(Boolean))]
}

function readNumber(text: string | null, max: number): number | null {
  if (!text?.trim()) return null
  const value = Number(text)
  return Number.isFinite(value) && value >= 0 && value <= max ? value : null
}

function readFlag(text: string | null): boolean | null {
  return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : null
}

function oneOf<T extends string>(values: readonly T[], text: string | null): T | null {
  return values.find((value) => value === text) ?? null
}
