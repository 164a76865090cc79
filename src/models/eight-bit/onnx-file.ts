/** What of an ONNX file is read and written when its products are made smaller; see `protobuf.ts`. */
import type { FileHandle } from 'node:fs/promises'
import {
  bytesField,
  type Field,
  fieldAt,
  fieldsOf,
  MAX_HEADER_BYTES,
  numberField,
  textField,
  textOf,
} from './protobuf.ts'

// Numbers of fields and types: onnx/onnx.proto of ONNX 1.17.
export const MODEL = { graph: 7, opsets: 8 }
export const OPSET = { domain: 1, version: 2 }
export const GRAPH = { node: 1, initializer: 5 }
const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 }
const ATTRIBUTE = { name: 1, float: 2, integer: 3, type: 20 }
export const TENSOR = { dims: 1, type: 2, name: 8, raw: 9 }
export const FLOAT32 = 1
export const UINT8 = 2
export const INT8 = 3
const INTEGER_ATTRIBUTE = 2

export interface Node {
  inputs: string[]
  outputs: string[]
  operator: string
  attributes: Map<string, number>
}

export interface Tensor {
  dims: number[]
  type: number
  name: string
  /** Place of its bytes in the file; null when they are kept in another form. */
  raw: { start: number; end: number } | null
}

/** An operator, as a field of the graph. */
export function nodeBytes(
  operator: string,
  inputs: string[],
  output: string,
  domain: string,
  integers: Record<string, number> = {},
): Buffer {
  const attributes = Object.entries(integers).map(([name, value]) =>
    bytesField(
      NODE.attribute,
      Buffer.concat([
        textField(ATTRIBUTE.name, name),
        numberField(ATTRIBUTE.integer, value),
        numberField(ATTRIBUTE.type, INTEGER_ATTRIBUTE),
      ]),
    ),
  )
  return bytesField(
    GRAPH.node,
    Buffer.concat([
      ...inputs.map((input) => textField(NODE.input, input)),
      textField(NODE.output, output),
      textField(NODE.operator, operator),
      ...attributes,
      textField(NODE.domain, domain),
    ]),
  )
}

export function nodeFrom(bytes: Buffer): Node {
  const node: Node = { inputs: [], outputs: [], operator: '', attributes: new Map() }
  for (const field of fieldsOf(bytes)) {
    if (field.number === NODE.input) node.inputs.push(textOf(bytes, field))
    else if (field.number === NODE.output) node.outputs.push(textOf(bytes, field))
    else if (field.number === NODE.operator) node.operator = textOf(bytes, field)
    else if (field.number === NODE.attribute) {
      const attribute = bytes.subarray(field.valueStart, field.end)
      let name = ''
      let value = 0
      for (const each of fieldsOf(attribute)) {
        if (each.number === ATTRIBUTE.name) name = textOf(attribute, each)
        else if (each.number === ATTRIBUTE.integer) value = each.value
        else if (each.number === ATTRIBUTE.float) value = attribute.readFloatLE(each.valueStart)
      }
      node.attributes.set(name, value)
    }
  }
  return node
}

/** A constant of the graph, without its values. */
export async function readTensor(file: FileHandle, place: Field): Promise<Tensor> {
  const tensor: Tensor = { dims: [], type: 0, name: '', raw: null }
  for (const field of await fieldsOfFile(file, place.valueStart, place.end)) {
    const { number, valueStart: start, end, value } = field
    if (number === TENSOR.type) tensor.type = value
    else if (number === TENSOR.name) tensor.name = (await read(file, start, end)).toString('utf8')
    else if (number === TENSOR.raw) tensor.raw = { start, end }
    // Several in one field, or one in each.
    else if (number === TENSOR.dims && value > 0) tensor.dims.push(value)
    else if (number === TENSOR.dims) tensor.dims.push(...numbersIn(await read(file, start, end)))
  }
  const isWhole = tensor.raw && tensor.raw.end - tensor.raw.start === 4 * sizeOf(tensor.dims)
  return isWhole ? tensor : { ...tensor, raw: null }
}

/** Packed whole numbers. */
function numbersIn(bytes: Buffer): number[] {
  const found: number[] = []
  // Each as if it were the value of a field.
  for (let at = 0; at < bytes.length; ) {
    const field = fieldAt(Buffer.concat([Buffer.from([8]), bytes.subarray(at)]), 0)
    found.push(field.value)
    at += field.end - 1
  }
  return found
}

/** The fields between two places of a file; values are not read. */
export async function fieldsOfFile(file: FileHandle, start: number, end: number): Promise<Field[]> {
  const found: Field[] = []
  for (let at = start; at < end; ) {
    const head = await read(file, at, Math.min(end, at + MAX_HEADER_BYTES))
    const field = fieldAt(head, 0, end - at)
    found.push({
      ...field,
      start: at,
      valueStart: at + field.valueStart,
      end: at + field.end,
    })
    at += field.end
  }
  return found
}

export async function read(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start)
  await readInto(file, bytes, start)
  return bytes
}

export async function readInto(file: FileHandle, bytes: Uint8Array, start: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done)
    if (bytesRead === 0) throw new Error(`the file ends at byte ${start + done}, too early`)
    done += bytesRead
  }
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1)
}
