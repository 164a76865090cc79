/**
 * The wire format of Protocol Buffers, as far as an ONNX file is edited here: fields are found by their
 * places and copied unread. A library would decode the whole file into memory, by a schema that loses
 * what it does not know. https://protobuf.dev/programming-guides/encoding/
 */

/** A field: its number, and where it lies in the bytes it was read from. */
export interface Field {
  number: number
  /** First byte of its tag. */
  start: number
  /** First byte of its value, behind the length where it has one. */
  valueStart: number
  end: number
  /** The value of a number below 2^53; 0 for every other kind. */
  value: number
}

/** Most bytes of a tag and the number or length behind it. */
export const MAX_HEADER_BYTES = 20

/**
 * The field that begins at an offset.
 *
 * @param end where the message ends, which may be behind the last byte at hand
 * @throws Error for bytes that are no field or that end early
 */
export function fieldAt(bytes: Uint8Array, offset: number, end = bytes.length): Field {
  const tag = numberAt(bytes, offset)
  const number = Math.floor(tag.value / 8)
  const field = { number, start: offset, valueStart: tag.end, end: tag.end, value: 0 }
  const kind = tag.value % 8
  if (kind === 0) Object.assign(field, numberAt(bytes, tag.end))
  else if (kind === 1) field.end += 8
  else if (kind === 5) field.end += 4
  else if (kind === 2) {
    const length = numberAt(bytes, tag.end)
    field.valueStart = length.end
    field.end = length.end + length.value
  }
  if (number === 0 || kind === 3 || kind === 4 || kind > 5 || field.end > end) {
    throw new Error(`no field of an ONNX file at byte ${offset}`)
  }
  return field
}

/** All fields of a message. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  for (let offset = 0; offset < message.length; ) {
    const field = fieldAt(message, offset)
    yield field
    offset = field.end
  }
}

export function textOf(message: Uint8Array, { valueStart, end }: Field): string {
  return Buffer.from(message.subarray(valueStart, end)).toString('utf8')
}

/** What stands before the bytes of a text, a message or packed values. */
export function lengthHeader(number: number, length: number): Buffer {
  return Buffer.from([...numberBytes(number * 8 + 2), ...numberBytes(length)])
}

export function bytesField(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([lengthHeader(number, value.length), value])
}

export function textField(number: number, value: string): Buffer {
  return bytesField(number, Buffer.from(value))
}

/** @param value a whole number, 0 or more */
export function numberField(number: number, value: number): Buffer {
  return Buffer.from([...numberBytes(number * 8), ...numberBytes(value)])
}

function numberAt(bytes: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0
  for (let at = offset, factor = 1; at < offset + 10; at++, factor *= 128) {
    const byte = bytes[at]
    if (byte === undefined) break
    value += (byte & 127) * factor
    if (byte < 128) return { value, end: at + 1 }
  }
  throw new Error(`no number of an ONNX file at byte ${offset}`)
}

function numberBytes(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return bytes
}
