import { InferenceSession, Tensor } from 'onnxruntime-node'
import { PermanentError, toError } from '../errors.ts'

/** The execution provider that sessions are opened with, as recorded with what they make. */
export const DEVICE = 'cpu'

/**
 * Opens an ONNX file on the CPU.
 *
 * @param threads threads within one operator, at least 1
 * @throws PermanentError `model-unreadable` when the runtime refuses the file
 */
export async function openSession(file: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(file, {
      executionProviders: [DEVICE],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    })
  } catch (cause) {
    throw new PermanentError(
      'model-unreadable',
      `Expected an ONNX model in ${file}, but the runtime refuses it (${toError(cause).message}). Fetch it again: remove the file and run \`forgeindex models pull\`.`,
      { cause },
    )
  }
}

/** Element type and shape of a tensor; a free dimension is null. */
export interface TensorInfo {
  name: string
  type: Tensor.Type
  shape: (number | null)[]
}

/** Inputs or outputs of a session, in its order. */
export function tensorInfos(found: readonly InferenceSession.ValueMetadata[]): TensorInfo[] {
  return found.flatMap((value) =>
    value.isTensor
      ? [
          {
            name: value.name,
            type: value.type,
            shape: value.shape.map((size) => (typeof size === 'number' ? size : null)),
          },
        ]
      : [],
  )
}

/**
 * The float32 values of an output and its shape.
 *
 * @throws PermanentError `model-output-wrong` when it is missing, empty or of another type
 */
export function floatOutput(
  outputs: InferenceSession.ReturnType,
  name: string,
): { data: Float32Array; dims: readonly number[] } {
  const tensor = outputs[name]
  if (!(tensor?.data instanceof Float32Array) || tensor.data.length === 0) {
    throw new PermanentError(
      'model-output-wrong',
      `Expected float32 values from the model's output ${name}, got ${tensor ? `${tensor.type} [${tensor.dims}]` : `only ${Object.keys(outputs).join(', ')}`}.`,
    )
  }
  return { data: tensor.data, dims: tensor.dims }
}

/** Integers as the tensor type that a model's input asks for: int64 or int32. */
export function integerTensor(type: Tensor.Type, values: number[], dims: number[]): Tensor {
  return type === 'int32'
    ? new Tensor('int32', Int32Array.from(values), dims)
    : new Tensor('int64', BigInt64Array.from(values, BigInt), dims)
}
