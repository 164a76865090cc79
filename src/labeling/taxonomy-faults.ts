import type { z } from 'zod'
import { type InputFault, InvalidInputError } from '../errors.ts'

/** The error `invalid-taxonomy`, with every fault; `origin` is the file's name. */
export function invalidTaxonomy(origin: string, faults: InputFault[]): InvalidInputError {
  const lines = faults.map(
    (fault) => `${fault.path || 'the file'}: expected ${fault.expected}, got ${fault.got}`,
  )
  return new InvalidInputError(
    'invalid-taxonomy',
    `The taxonomy ${origin} is wrong:\n  ${lines.join('\n  ')}`,
    { faults },
  )
}

/** A schema issue as faults; each unknown key is one of its own. */
export function issueFaults(issue: z.core.$ZodIssue, data: unknown): InputFault[] {
  const at = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...at, key].join('.'),
      expected: 'no such key',
      got: shown(valueAt(data, [...at, key])),
    }))
  }
  // zod writes `Invalid input: expected string, received number`; the value itself says the rest.
  const expected = issue.message.replace(/^[^:]*: expected /, '').replace(/, received .*$/, '')
  return [{ path: at.join('.'), expected, got: shown(valueAt(data, at)) }]
}

/** A value in a message: its beginning, on one line. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function valueAt(data: unknown, keys: string[]): unknown {
  let value = data
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
