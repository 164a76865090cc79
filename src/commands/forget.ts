import type { Forgotten } from '../api/schemas/provenance.ts'
import { InvalidInputError } from '../errors.ts'
import { openLibrary } from './library.ts'
import { allOf } from './lists.ts'
import { printJson, printLine, printTable, reportFailure, ServerProblem } from './report.ts'

interface Options {
  reason?: string
  json?: boolean
}

/** `forgeindex videos forget ID… --reason TEXT`: goes on after one that cannot be forgotten. */
export async function forget(ids: string[], options: Options): Promise<number> {
  const reason = options.reason?.trim()
  if (!reason) {
    throw new InvalidInputError('reason-missing', 'Say why with --reason; it is kept for good.')
  }
  await using library = await openLibrary()
  const items: Forgotten[] = []
  let isComplete = true
  for (const id of ids) {
    try {
      const path = `/api/videos/${encodeURIComponent(id)}/forget`
      items.push(await library.request<Forgotten>('POST', path, { reason }))
      if (!options.json) printLine(`${id}: forgotten`)
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error
      isComplete = false
      // On standard error, also with --json: standard output is for one value.
      reportFailure(error, false)
    }
  }
  if (options.json) printJson({ items })
  return isComplete ? 0 : 1
}

/** `forgeindex videos forgotten` */
export async function forgotten(options: { limit?: number; json?: boolean }): Promise<number> {
  await using library = await openLibrary()
  const limit = options.limit ?? Number.POSITIVE_INFINITY
  const items = await allOf<Forgotten>(library, '/api/forgotten', limit)
  if (options.json) printJson({ items })
  else {
    printTable(
      ['id', 'forgotten', 'platform', 'id there', 'reason'],
      items.map((each) => [
        each.video_id,
        each.forgotten_at.slice(0, 10),
        each.platform,
        each.source_id.slice(0, 24),
        each.reason.slice(0, 60),
      ]),
    )
  }
  return 0
}

/** `forgeindex videos allow ID…`: they may be fetched again. */
export async function allow(ids: string[], options: { json?: boolean }): Promise<number> {
  await using library = await openLibrary()
  for (const id of ids) {
    await library.request('DELETE', `/api/forgotten/${encodeURIComponent(id)}`)
    if (!options.json) printLine(`${id}: may be fetched again`)
  }
  if (options.json) printJson({ items: ids })
  return 0
}
