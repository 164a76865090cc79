import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import {
  FLOAT32,
  fieldsOfFile,
  GRAPH,
  INT8,
  MODEL,
  type Node,
  nodeBytes,
  nodeFrom,
  OPSET,
  read,
  readInto,
  readTensor,
  sizeOf,
  TENSOR,
  type Tensor,
  UINT8,
} from './onnx-file.ts'
import {
  bytesField,
  type Field,
  fieldsOf,
  lengthHeader,
  numberField,
  textField,
  textOf,
} from './protobuf.ts'
import { BLOCK, byColumn, inBlocks, type Matrix, transposed } from './weights.ts'

/**
 * How weights are kept in 8 bits. `columns`: one scale for each column, and one for all of what they are
 * multiplied with, found anew in each run. `blocks`: one scale for each 32 values of both: slower, and
 * without harm where a few values are far larger than the rest, as in many image-text models.
 */
export type Form = 'columns' | 'blocks'

/** The runtime's own operators: docs/ContribOperators.md of ONNX Runtime. */
const CONTRIBUTED = 'com.microsoft'
/** Activations in 8 bits too: `accuracy_level` of MatMulNBits. */
const IN_INTEGERS = 4

/** Products with less weights than these are not worth it. */
const MIN_WEIGHTS = 64 * 64
const COPIED_BYTES = 1024 ** 2

/** A product with constant weights: `node` gives `left x weights`, plus `bias` if not null. */
interface Product {
  node: Node
  left: string
  weights: Tensor
  /** Weights [columns, rows] in the file. */
  isTransposed: boolean
  bias: string | null
}

/** A part of the new file: bytes, what the old one has there, or what is made when its turn comes. */
type Part =
  | Buffer
  | { start: number; end: number }
  | { length: number; make(): Promise<Uint8Array> }

/**
 * Writes an ONNX file again with its matrix products in 8 bits. Everything else stays as it is. One
 * matrix is in memory at a time.
 *
 * @returns whether it was written; not when less than half of the weights are in such products (a
 *   network of convolutions), where nothing would be gained
 * @throws Error when the file is not ONNX; the system's own error
 */
export async function writeInEightBits(
  source: string,
  target: string,
  form: Form,
): Promise<boolean> {
  await using from = await open(source)
  const parts = await rewritten(from, form)
  if (!parts) return false
  const unfinished = `${target}.${process.pid}.part`
  try {
    await using to = await open(unfinished, 'w')
    for (const part of parts) {
      if (Buffer.isBuffer(part)) await to.writeFile(part)
      else if ('make' in part) await to.writeFile(await part.make())
      else await copy(from, to, part)
    }
    await to.sync()
    await rename(unfinished, target)
  } finally {
    await rm(unfinished, { force: true })
  }
  return true
}

async function rewritten(file: FileHandle, form: Form): Promise<Part[] | null> {
  const { size } = await file.stat()
  const model = await fieldsOfFile(file, 0, size)
  const graph = model.find(({ number }) => number === MODEL.graph)
  if (!graph) throw new Error('no graph in the ONNX file')
  const fields = await fieldsOfFile(file, graph.valueStart, graph.end)
  const tensors = new Map<string, Tensor>()
  const tensorOf = new Map<Field, Tensor>()
  const nodeOf = new Map<Field, Node>()
  for (const field of fields) {
    if (field.number === GRAPH.initializer) {
      const tensor = await readTensor(file, field)
      tensors.set(tensor.name, tensor)
      tensorOf.set(field, tensor)
    } else if (field.number === GRAPH.node) {
      nodeOf.set(field, nodeFrom(await read(file, field.valueStart, field.end)))
    }
  }
  const products = productsOf([...nodeOf.values()], tensors)
  const weights = (found: Iterable<Tensor>) =>
    [...found].reduce((sum, { type, dims }) => (type === FLOAT32 ? sum + sizeOf(dims) : sum), 0)
  const replaced = new Set([...products.values()].map((product) => product.weights))
  if (weights(replaced) < weights(tensors.values()) / 2) return null

  const body: Part[] = []
  for (const field of fields) {
    const tensor = tensorOf.get(field)
    const product = products.get(nodeOf.get(field)!)
    if (tensor && replaced.has(tensor)) continue
    if (product) body.push(...nodesInstead(product, form))
    else body.push(field)
  }
  for (const product of products.values()) body.push(...tensorsInstead(file, product, form))
  const isKnown = await Promise.all(
    model
      .filter(({ number }) => number === MODEL.opsets)
      .map(async (field) => {
        const opset = await read(file, field.valueStart, field.end)
        return [...fieldsOf(opset)].some(
          (each) => each.number === OPSET.domain && textOf(opset, each) === CONTRIBUTED,
        )
      }),
  )
  const opset = isKnown.includes(true)
    ? []
    : [
        bytesField(
          MODEL.opsets,
          Buffer.concat([textField(OPSET.domain, CONTRIBUTED), numberField(OPSET.version, 1)]),
        ),
      ]
  return [
    ...model.filter((field) => field !== graph),
    ...opset,
    lengthHeader(MODEL.graph, lengthOf(body)),
    ...body,
  ]
}

/** Products whose weights are constant, 32-bit numbers in the file itself and used by nothing else. */
function productsOf(nodes: readonly Node[], tensors: Map<string, Tensor>): Map<Node, Product> {
  const uses = new Map<string, number>()
  for (const { inputs } of nodes) {
    for (const input of inputs) uses.set(input, (uses.get(input) ?? 0) + 1)
  }
  const found = new Map<Node, Product>()
  for (const node of nodes) {
    const [left, right, bias] = node.inputs
    const weights = tensors.get(right ?? '')
    if (!left || !weights?.raw || weights.type !== FLOAT32 || weights.dims.length !== 2) continue
    if (uses.get(weights.name) !== 1 || sizeOf(weights.dims) < MIN_WEIGHTS) continue
    const { attributes } = node
    const isPlain =
      (attributes.get('alpha') ?? 1) === 1 &&
      (attributes.get('beta') ?? 1) === 1 &&
      !attributes.get('transA')
    if (node.operator === 'MatMul') {
      found.set(node, { node, left, weights, isTransposed: false, bias: null })
    } else if (node.operator === 'Gemm' && isPlain) {
      const isTransposed = Boolean(attributes.get('transB'))
      found.set(node, { node, left, weights, isTransposed, bias: bias || null })
    }
  }
  return found
}

function nodesInstead({ node, left, weights, bias, isTransposed }: Product, form: Form): Buffer[] {
  const [output = ''] = node.outputs
  const product = bias ? `${output} before bias` : output
  const [rows, columns] = shapeOf(weights, isTransposed)
  const inputs = [left, `${weights.name} levels`, `${weights.name} scales`]
  const multiply =
    form === 'columns'
      ? nodeBytes('DynamicQuantizeMatMul', inputs, product, CONTRIBUTED)
      : nodeBytes('MatMulNBits', inputs, product, CONTRIBUTED, {
          K: rows,
          N: columns,
          bits: 8,
          block_size: BLOCK,
          accuracy_level: IN_INTEGERS,
        })
  return bias ? [multiply, nodeBytes('Add', [product, bias], output, '')] : [multiply]
}

function tensorsInstead(file: FileHandle, { weights, isTransposed }: Product, form: Form): Part[] {
  const [rows, columns] = shapeOf(weights, isTransposed)
  const blocks = Math.ceil(rows / BLOCK)
  let made: Promise<{ levels: Int8Array | Uint8Array; scales: Float32Array }> | null = null
  const make = () => {
    made ??= readMatrix(file, weights, isTransposed).then((matrix) =>
      form === 'columns' ? byColumn(matrix) : inBlocks(matrix),
    )
    return made
  }
  const levels = form === 'columns' ? [rows, columns] : [columns, blocks, BLOCK]
  const scales = form === 'columns' ? [columns] : [columns * blocks]
  return [
    ...tensorParts(
      `${weights.name} levels`,
      form === 'columns' ? INT8 : UINT8,
      levels,
      1,
      async () => bytesOf((await make()).levels),
    ),
    ...tensorParts(`${weights.name} scales`, FLOAT32, scales, 4, async () => {
      const bytes = bytesOf((await make()).scales)
      made = null
      return bytes
    }),
  ]
}

function tensorParts(
  name: string,
  type: number,
  dims: number[],
  bytesEach: number,
  make: () => Promise<Uint8Array>,
): Part[] {
  const length = sizeOf(dims) * bytesEach
  const head = Buffer.concat([
    ...dims.map((size) => numberField(TENSOR.dims, size)),
    numberField(TENSOR.type, type),
    textField(TENSOR.name, name),
    lengthHeader(TENSOR.raw, length),
  ])
  return [lengthHeader(GRAPH.initializer, head.length + length), head, { length, make }]
}

async function readMatrix(
  file: FileHandle,
  { dims, raw }: Tensor,
  isTransposed: boolean,
): Promise<Matrix> {
  const { start, end } = raw!
  const values = new Float32Array((end - start) / 4)
  await readInto(file, new Uint8Array(values.buffer), start)
  const [rows = 0, columns = 0] = dims
  const matrix = { values, rows, columns }
  return isTransposed ? transposed(matrix) : matrix
}

async function copy(
  from: FileHandle,
  to: FileHandle,
  { start, end }: { start: number; end: number },
): Promise<void> {
  for (let at = start; at < end; at += COPIED_BYTES) {
    await to.writeFile(await read(from, at, Math.min(end, at + COPIED_BYTES)))
  }
}

function shapeOf({ dims }: Tensor, isTransposed: boolean): [rows: number, columns: number] {
  const [first = 0, second = 0] = dims
  return isTransposed ? [second, first] : [first, second]
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + ('end' in part ? part.end - part.start : part.length), 0)
}

function bytesOf(values: Int8Array | Uint8Array | Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
