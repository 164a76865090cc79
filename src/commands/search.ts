import type { SearchAnswer } from '../api/schemas/search.ts'
import { InvalidInputError } from '../errors.ts'
import { openLibrary } from './library.ts'
import { printJson, printLine } from './report.ts'

/** `forgeindex search "words"` */
export async function search(
  words: string,
  options: { limit?: number; filter?: string; json?: boolean },
): Promise<number> {
  const query = new URLSearchParams({ q: words })
  if (options.limit !== undefined) query.set('limit', String(options.limit))
  for (const [name, value] of Object.entries(parseFilter(options.filter))) {
    query.set(name, Array.isArray(value) ? value.join(',') : String(value))
  }
  await using library = await openLibrary()
  const answer = await library.request<SearchAnswer>('GET', `/api/search?${query}`)
  if (options.json) {
    printJson(answer)
    return 0
  }
  if (answer.mode === 'words') {
    printLine(
      'Only words were searched: no model for pictures is installed (forgeindex models pull).',
    )
  }
  for (const result of answer.results) {
    const [best] = result.moments
    const where = best
      ? `  ${best.start_time.toFixed(1)}–${best.end_time.toFixed(1)} s (${best.reason})`
      : ''
    printLine(`${result.score.toFixed(3)}  ${result.title}${where}  ${result.video_id}`)
  }
  if (answer.results.length === 0) printLine('Nothing found.')
  return 0
}

/** A filter given as JSON. @throws InvalidInputError `invalid-filter` */
export function parseFilter(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
  } catch (error) {
    throw new InvalidInputError(
      'invalid-filter',
      `--filter: expected a JSON object such as {"tags":["cnc"]}, got ${text.slice(0, 100)}`,
      { cause: error },
    )
  }
  throw new InvalidInputError(
    'invalid-filter',
    `--filter: expected a JSON object such as {"tags":["cnc"]}, got ${text.slice(0, 100)}`,
  )
}
