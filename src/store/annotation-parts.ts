import { sql } from 'kysely'
import type { Db } from '../config/database.ts'
import { NotFoundError } from '../errors.ts'

export type PartType = 'array' | 'object' | 'value'

/** One part of an annotation, without its contents unless they are small. */
export interface AnnotationPartOutline {
  name: string
  type: PartType
  /** Entries; null for a plain value. */
  items: number | null
  /** Of its JSON as text. */
  bytes: number
  /** Itself, when its JSON is below 8 kB; else undefined. */
  value?: unknown
}

/** A stretch of one part: `items` of an array, `entries` of an object, `value` of anything else. */
export interface AnnotationPart {
  name: string
  type: PartType
  total: number
  items?: unknown[]
  entries?: [string, unknown][]
  value?: unknown
}

/** Below this a part's value comes with the outline, in bytes of JSON. */
const SMALL_BYTES = 8_000

const TYPE = sql`case jsonb_typeof(p.value) when 'array' then 'array' when 'object' then 'object'
  else 'value' end`
const COUNT = sql`case jsonb_typeof(p.value) when 'array' then jsonb_array_length(p.value)
  when 'object' then (select count(*) from jsonb_object_keys(p.value)) end`

/** The parts of a video's annotation by name. @throws NotFoundError `no-annotation` */
export async function annotationOutline(db: Db, videoId: string): Promise<AnnotationPartOutline[]> {
  const { rows } = await sql<{
    name: string
    type: PartType
    items: number | null
    bytes: number
    small: string | null
  }>`
    select p.key as name, ${TYPE} as type, ${COUNT} as items, octet_length(p.text) as bytes,
      case when octet_length(p.text) < ${SMALL_BYTES} then p.text end as small
    from annotations a,
      lateral (select key, value, value::text as text from jsonb_each(a.data) offset 0) p
    where a.video_id = ${videoId} order by p.key collate "C"`.execute(db)
  if (rows.length === 0) throw noAnnotation()
  return rows.map(({ name, type, items, bytes, small }) => ({
    name,
    type,
    items,
    bytes,
    ...(small === null ? {} : { value: JSON.parse(small) }),
  }))
}

/**
 * `limit` entries of one part from `offset` on; the rest of the document stays in the database.
 * @throws NotFoundError `no-annotation`, `annotation-part-not-found`
 */
export async function annotationPart(
  db: Db,
  videoId: string,
  name: string,
  { offset, limit }: { offset: number; limit: number },
): Promise<AnnotationPart> {
  const { rows } = await sql<{ type: PartType | null; total: number | null; slice: unknown }>`
    select case when p.value is not null then ${TYPE} end as type, ${COUNT} as total,
      case jsonb_typeof(p.value)
        when 'array' then (select coalesce(jsonb_agg(e.value order by e.place), '[]')
          from (select value, place from jsonb_array_elements(p.value)
            with ordinality x (value, place) order by place offset ${offset} limit ${limit}) e)
        when 'object' then (select coalesce(jsonb_agg(jsonb_build_array(e.key, e.value)
            order by e.key collate "C"), '[]')
          from (select key, value from jsonb_each(p.value)
            order by key collate "C" offset ${offset} limit ${limit}) e)
        else p.value end as slice
    from annotations a, lateral (select a.data -> ${name}::text as value offset 0) p
    where a.video_id = ${videoId}`.execute(db)
  const [row] = rows
  if (!row) throw noAnnotation()
  const { type, total, slice } = row
  if (type === 'array') return { name, type, total: total ?? 0, items: slice as unknown[] }
  if (type === 'object') {
    return { name, type, total: total ?? 0, entries: slice as [string, unknown][] }
  }
  if (type === 'value') return { name, type, total: 1, value: slice }
  throw new NotFoundError(
    'annotation-part-not-found',
    `The annotation has no part named ${JSON.stringify(name.slice(0, 60))}; …/annotation/outline lists them.`,
  )
}

/** @throws nothing: it is the error for a video whose pipeline has not ended yet. */
export function noAnnotation(): NotFoundError {
  return new NotFoundError(
    'no-annotation',
    'This video has no annotation yet: it is written by the last step, when the others are done.',
  )
}
