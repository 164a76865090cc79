import { ApiError } from '../../api/client.ts'

const NAMES = [
  ...(['query', 'platform', 'max_videos', 'urls', 'path', 'taxonomy'] as const),
  ...(['expand', 'duplicates', 'min_relevance', 'max_bytes', 'max_seconds', 'max_usd'] as const),
] as const
export type IngestField = (typeof NAMES)[number]
const FIELDS: readonly string[] = NAMES

/** Refusals that come without a path, and the field they mean. */
const FIELD_OF_CODE: Record<string, IngestField> = {
  'nothing-to-ingest': 'query',
  'unknown-platform': 'platform',
  'urls-missing': 'urls',
  'no-urls': 'urls',
  'url-refused': 'urls',
  'path-missing': 'path',
  'path-not-found': 'path',
  'path-not-readable': 'path',
  'folder-not-allowed': 'path',
  'taxonomy-not-found': 'taxonomy',
  'invalid-taxonomy-name': 'taxonomy',
}

export interface PlacedFaults {
  fields: Partial<Record<IngestField, string>>
  /** What belongs to no field; null when all is placed. */
  rest: string | null
}

/** Puts a refusal beside the fields it is about; the others' (not `shown`) go to the rest. */
export function placeFaults(error: unknown, shown: readonly IngestField[]): PlacedFaults {
  if (!error) return { fields: {}, rest: null }
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof ApiError)) return { fields: {}, rest: message }
  const own = FIELD_OF_CODE[error.code]
  if (own) {
    return shown.includes(own)
      ? { fields: { [own]: message }, rest: null }
      : { fields: {}, rest: message }
  }
  const fields: PlacedFaults['fields'] = {}
  for (const { path, expected, got } of error.faults) {
    const name = path.split(/[.[/]/).find((part) => FIELDS.includes(part)) as
      | IngestField
      | undefined
    if (!name || !shown.includes(name)) return { fields: {}, rest: message }
    fields[name] ??= `Expected ${expected}, got ${got}.`
  }
  return Object.keys(fields).length > 0 ? { fields, rest: null } : { fields: {}, rest: message }
}
