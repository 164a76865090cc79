import { z } from 'zod'

/** RFC 9457 problem details with a stable `code` and what was wrong where. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string().describe('Stable name of the fault, kebab-case'),
    detail: z.string(),
    errors: z
      .array(z.object({ path: z.string(), expected: z.string(), got: z.string() }))
      .optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof problem>

export const problems = { 400: problem, 401: problem, 403: problem, 404: problem, 409: problem }

/** Text that the database can keep: no NUL, no half of a surrogate pair. */
export const plainText = z
  .string()
  .refine((value) => !value.includes('\0') && !/\p{Surrogate}/u.test(value), {
    error: 'text without NUL and without halves of characters',
  })

export const idParams = z.object({ id: z.string() })

const limit = z.coerce.number().int().min(1).max(200).default(50)
const cursor = z.string().max(2000).optional()

/** Query of every list: `limit` 1–200, `cursor` as the page before gave it. */
export const pageQuery = z.strictObject({ limit, cursor })
export const pageFields = { limit, cursor }

/** The 2xx and 3xx answers of a route that sends a stored object's bytes. */
export function objectAnswers(contentType: string) {
  const bytes = { content: { [contentType]: { schema: z.any().meta({ format: 'binary' }) } } }
  return {
    200: { description: 'The bytes', ...bytes },
    206: { description: 'The range of `Range`', ...bytes },
    302: z.any().describe('A signed link to the bytes, where the object store gives one'),
    304: z.any().describe('They are what `If-None-Match` names'),
    416: problem.describe('`Range` lies outside'),
    ...problems,
  }
}

/** Query of a route that takes none: a parameter that nobody reads is refused by its name. */
export const noQuery = z.strictObject({})

/** A page of a list. */
export function page<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() })
}

/** Dates leave as ISO 8601 UTC. */
export const isoDate = z.string()
export const iso = (date: Date): string => date.toISOString()
export const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null
