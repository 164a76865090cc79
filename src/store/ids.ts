import { NotFoundError } from '../errors.ts'

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/**
 * The id if it can be one. A malformed id is as unknown as one that no row has.
 * @throws NotFoundError `<thing>-not-found`
 */
export function checkedId(thing: string, id: string): string {
  if (UUID.test(id)) return id.toLowerCase()
  throw notFound(thing, id)
}

export function notFound(thing: string, id: string): NotFoundError {
  const shown = id.length > 60 ? `${id.slice(0, 60)}…` : id
  return new NotFoundError(
    `${thing}-not-found`,
    `There is no ${thing} with the id ${JSON.stringify(shown)}.`,
  )
}
