import { access, readFile } from 'node:fs/promises'
import type { InferenceSession } from 'onnxruntime-node'
import type { ZodType } from 'zod'
import { PermanentError, toError } from '../../errors.ts'
import { createSession } from '../onnx.ts'

/**
 * Opens an ONNX model with `threads` CPU threads.
 *
 * @throws PermanentError `model-file-missing`, or `model-file-damaged` when it cannot be loaded
 */
export async function openModel(
  file: string,
  threads: number,
  keepsMemory = true,
): Promise<InferenceSession> {
  await checkPresent(file)
  try {
    return await createSession(file, threads, keepsMemory)
  } catch (error) {
    throw damaged(file, toError(error).message, error)
  }
}

/**
 * Reads a model's JSON file and checks its shape.
 *
 * @throws PermanentError `model-file-missing`, or `model-file-damaged` naming what does not fit
 */
export async function readModelJson<T>(file: string, schema: ZodType<T>): Promise<T> {
  await checkPresent(file)
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw damaged(file, toError(error).message, error)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw damaged(file, `${issue?.path.join('.')}: ${issue?.message}`, parsed.error)
}

/**
 * Checks that a model takes the inputs and gives the float32 outputs we know by these names.
 *
 * @throws PermanentError `model-file-damaged` naming the first one that is missing or of another type
 */
export function checkInterface(
  session: InferenceSession,
  file: string,
  inputs: readonly string[],
  outputs: readonly string[],
) {
  for (const name of inputs) {
    if (!session.inputNames.includes(name)) throw damaged(file, `it has no input ${name}`)
  }
  for (const name of outputs) {
    const output = session.outputMetadata.find((candidate) => candidate.name === name)
    const type = output?.isTensor ? output.type : 'missing'
    if (type !== 'float32') {
      throw damaged(file, `expected a float32 output ${name}, it is ${type}`)
    }
  }
}

async function checkPresent(file: string) {
  try {
    await access(file)
  } catch (error) {
    throw new PermanentError(
      'model-file-missing',
      `Expected the model file ${file}, but it is not there: install the model again.`,
      { cause: error },
    )
  }
}

function damaged(file: string, detail: string, cause?: unknown): PermanentError {
  return new PermanentError(
    'model-file-damaged',
    `The model file ${file} cannot be used (${detail}): install the model again.`,
    { cause },
  )
}
