import { withQuery } from '../../api/client.ts'
import { paths } from '../../lib/paths.ts'

/** Longer addresses are cut or refused by some servers and proxies on the way. */
const MAX_CHARACTERS = 6_000

/**
 * The search page with a dataset's filters: their names are the API's query names, lists are joined
 * by commas. Null when they do not fit into an address (thousands of chosen videos).
 */
export function searchLink(filters: Record<string, unknown>): string | null {
  const values: Record<string, string | number | boolean | string[]> = {}
  for (const [name, value] of Object.entries(filters)) {
    if (Array.isArray(value)) values[name] = value.map(String)
    else if (['string', 'number', 'boolean'].includes(typeof value))
      values[name] = value as string | number | boolean
  }
  const link = withQuery(paths.search(), values)
  return link.length <= MAX_CHARACTERS ? link : null
}
