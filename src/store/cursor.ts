import { InvalidInputError } from '../errors.ts'
import { UUID } from './ids.ts'

/** A page of a list; `nextCursor` null at the end. */
export interface Page<T> {
  items: T[]
  nextCursor: string | null
}

/** Where a list ordered by creation time (newest first) and id goes on. */
export interface Position {
  createdAt: string
  id: string
}

/** As PostgreSQL writes a time: date, time, fraction, zone. */
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)$/

export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify([position.createdAt, position.id])).toString('base64url')
}

/** @throws InvalidInputError `invalid-cursor` */
export function decodeCursor(cursor: string): Position {
  try {
    const [createdAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[]
    if (createdAt && id && TIME.test(createdAt) && UUID.test(id)) {
      return { createdAt, id }
    }
  } catch {
    // Falls through: not ours, whatever it is.
  }
  throw foreignCursor()
}

/** Where a list ordered by a whole number of its own goes on. */
export function encodeNumber(position: number): string {
  return Buffer.from(JSON.stringify([position])).toString('base64url')
}

/** @throws InvalidInputError `invalid-cursor` */
export function decodeNumber(cursor: string): number {
  const [, digits] = /^\[(\d{1,9})\]$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (digits === undefined) throw foreignCursor()
  return Number(digits)
}

function foreignCursor(): InvalidInputError {
  return new InvalidInputError(
    'invalid-cursor',
    'This cursor is not one that a list gave: pass on next_cursor as it came, or leave it out.',
  )
}

/** A cursor of numbers: the sort keys of a page's last row. */
export function encodeNumbers(...numbers: number[]): string {
  return Buffer.from(JSON.stringify(numbers)).toString('base64url')
}

/** The `length` numbers of such a cursor. @throws InvalidInputError `invalid-cursor` */
export function decodeNumbers(cursor: string, length: number): number[] {
  try {
    const numbers: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(numbers) && numbers.length === length && numbers.every(Number.isFinite)) {
      return numbers as number[]
    }
  } catch {
    // Falls through: not ours, whatever it is.
  }
  throw foreignCursor()
}
