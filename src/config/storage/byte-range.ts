import { InvalidInputError } from '../../errors.ts'

/**
 * Refuses ends that are no whole numbers from 0 up, or that cross.
 * @throws InvalidInputError `range-not-satisfiable`
 */
export function checkRange(range: { start?: number; end?: number }): void {
  const { start = 0, end = Number.MAX_SAFE_INTEGER } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new InvalidInputError(
      'range-not-satisfiable',
      `A byte range needs whole numbers 0 <= start <= end; got ${start} to ${range.end ?? 'the end'}.`,
    )
  }
}

/** The error for a range that begins behind the object's last byte. */
export function beyondTheEnd(
  key: string,
  start: number,
  totalBytes: number | null,
): InvalidInputError {
  const size = totalBytes === null ? '' : `, which has ${totalBytes} bytes`
  return new InvalidInputError(
    'range-not-satisfiable',
    `Byte ${start} is not inside the object ${key}${size}.`,
  )
}
