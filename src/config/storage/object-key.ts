import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { InvalidInputError } from '../../errors.ts'
import { isRunning } from '../running.ts'

/** First segment that the folder driver keeps for files being written; no key may use it. */
export const INCOMING = '.incoming'

/** A name for a file that is being written, by which others see whether its writer still lives. */
export function draftName(): string {
  return `${process.pid}@${hostname()}@${randomUUID()}`
}

/** True for a file that a process of this machine was writing when it died. */
export function isDeadDraft(name: string): boolean {
  const [pid, host] = name.split('@')
  return host === hostname() && !isRunning(Number(pid))
}

/** S3's limit, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024
/** Limit of one file name on common file systems, in bytes. */
const MAX_SEGMENT_BYTES = 255

/**
 * Refuses a key that one of the drivers could not hold, or that would leave its folder.
 * @throws InvalidInputError `invalid-object-key`
 */
export function checkKey(key: string): void {
  if (key === '') refuse(key, 'a key that is not empty')
  checkText(key)
  const segments = key.split('/')
  for (const segment of segments) checkSegment(key, segment)
  if (segments[0] === INCOMING) refuse(key, `another first segment than ${INCOMING}`)
}

/**
 * The same for the beginning of a key: it may be empty or end anywhere.
 * @throws InvalidInputError `invalid-object-key`
 */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return
  checkText(prefix)
  const segments = prefix.split('/')
  const last = segments.pop() ?? ''
  for (const segment of segments) checkSegment(prefix, segment)
  if (last === '..') checkSegment(prefix, last)
}

function checkText(key: string): void {
  // A lone surrogate has no UTF-8 form: two such keys would become one.
  if (/\p{Cs}/u.test(key)) refuse(key, 'well-formed Unicode')
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) refuse(key, `at most ${MAX_KEY_BYTES} bytes`)
  if (key.includes('\\')) refuse(key, 'no backslash')
  if (/\p{Cc}/u.test(key)) refuse(key, 'no control characters')
}

function checkSegment(key: string, segment: string): void {
  if (segment === '' || segment === '.' || segment === '..') {
    refuse(key, 'segments between slashes that are not empty, "." or ".."')
  }
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
    refuse(key, `at most ${MAX_SEGMENT_BYTES} bytes between slashes`)
  }
}

function refuse(key: string, expected: string): never {
  const got = JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key)
  throw new InvalidInputError(
    'invalid-object-key',
    `An object's key needs ${expected}; got ${got}.`,
    {
      faults: [{ path: 'key', expected, got }],
    },
  )
}
