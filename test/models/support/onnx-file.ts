/**
 * Writes small ONNX files, so that a clone without any weights still runs the real runtime on a
 * real graph. Field numbers are those of onnx.proto (onnx/onnx, IR version 8).
 */
import { writeFile } from 'node:fs/promises'
import {
  numberField as integer,
  bytesField as message,
  textField as text,
} from '../../../src/models/eight-bit/protobuf.ts'

export type ElementType = 'float32' | 'int32' | 'int64'

/** A graph input or output; a string names a free dimension. */
export interface GraphValue {
  name: string
  type: ElementType
  shape: (number | string)[]
}

export interface GraphNode {
  op: string
  inputs: string[]
  outputs: string[]
  /** Integer attributes, for example `{ axis: 1 }`. */
  attributes?: Record<string, number>
}

export interface Graph {
  inputs: GraphValue[]
  outputs: GraphValue[]
  nodes: GraphNode[]
  /** Constants by name, float32 unless said otherwise. */
  constants: Record<string, { shape: number[]; values: ArrayLike<number>; type?: 'int64' }>
}

const ELEMENT_NUMBERS: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7 }
const OPSET = 17

/** Writes the graph as an ONNX model file. */
export async function writeOnnx(file: string, graph: Graph): Promise<string> {
  const body = Buffer.concat([
    ...graph.nodes.map((node) => message(1, nodeBytes(node))),
    text(2, 'test'),
    ...Object.entries(graph.constants).map(([name, constant]) =>
      message(
        5,
        Buffer.concat([
          ...constant.shape.map((size) => integer(1, size)),
          integer(2, ELEMENT_NUMBERS[constant.type ?? 'float32']),
          text(8, name),
          message(9, rawBytes(constant)),
        ]),
      ),
    ),
    ...graph.inputs.map((value) => message(11, valueBytes(value))),
    ...graph.outputs.map((value) => message(12, valueBytes(value))),
  ])
  const opset = Buffer.concat([text(1, ''), integer(2, OPSET)])
  await writeFile(file, Buffer.concat([integer(1, 8), message(7, body), message(8, opset)]))
  return file
}

function rawBytes({ values, type }: { values: ArrayLike<number>; type?: 'int64' }): Buffer {
  const array =
    type === 'int64' ? BigInt64Array.from(Array.from(values), BigInt) : Float32Array.from(values)
  return Buffer.from(array.buffer)
}

function nodeBytes(node: GraphNode): Buffer {
  return Buffer.concat([
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) =>
      message(5, Buffer.concat([text(1, name), integer(3, value), integer(20, 2)])),
    ),
  ])
}

function valueBytes({ name, type, shape }: GraphValue): Buffer {
  const dimensions = shape.map((size) =>
    message(1, typeof size === 'number' ? integer(1, size) : text(2, size)),
  )
  const tensor = Buffer.concat([
    integer(1, ELEMENT_NUMBERS[type]),
    message(2, Buffer.concat(dimensions)),
  ])
  return Buffer.concat([text(1, name), message(2, message(1, tensor))])
}
