import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node'
import { PermanentError, toError } from '../errors.ts'
import type { ModelFiles } from './clip.ts'
import type { DeviceSetting } from './protocol.ts'

/** Values of an output that are looked at for not being numbers; a broken network spoils them all. */
const SAMPLED_VALUES = 1_000

/** Where sessions are opened in this process. The state is the runtime's: one device per process. */
const state = {
  setting: 'cpu' as DeviceSetting,
  /** Set once the accelerator was refused: it is not asked for with every model again. */
  refused: false,
  openedOn: new Map<string, string>(),
  note: (_: string): void => undefined,
}

/** Sessions opened from now on run there, or on the CPU when the runtime cannot. */
export function chooseDevice(setting: DeviceSetting): void {
  state.setting = setting
  state.refused = false
}

/** Hears a sentence when a device that was asked for is not used. */
export function onSessionNote(listener: (message: string) => void): void {
  state.note = listener
}

/** Where the sessions of these files were opened: `cpu`, `cuda`, `coreml`; several joined by `+`. */
export function deviceOfFiles(files: ModelFiles): string {
  const devices = Object.values(files).flatMap((file) => state.openedOn.get(file) ?? [])
  return [...new Set(devices)].sort().join('+') || 'cpu'
}

/** Where sessions were opened in this thread, by file; and to take over what another thread opened. */
export function devicesOpened(): [file: string, device: string][] {
  return [...state.openedOn]
}

export function addDevices(opened: readonly [file: string, device: string][]): void {
  for (const [file, device] of opened) state.openedOn.set(file, device)
}

/**
 * Opens an ONNX file on the device that was chosen with `chooseDevice`.
 *
 * @param threads threads within one operator, at least 1
 * @param keepsMemory whether what a run needed is kept for the next one. Without, a detector's run takes
 *   15 % longer; it pays for a model that needs much for a few runs
 * @throws the runtime's own error when it refuses the file
 */
export async function createSession(
  file: string,
  threads: number,
  keepsMemory = true,
): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: keepsMemory,
    graphOptimizationLevel: 'all',
    // Warnings on unused initialisers are of no use to anyone who runs the model.
    logSeverityLevel: 3,
    // Threads that wait by spinning take the cores from ffmpeg and from each other: with two more
    // busy processes on two cores a minute of speech took 5–18 s, without spinning 3.1–3.4 s.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }
  const accelerator = state.refused ? null : acceleratorFor(state.setting)
  let refusal: unknown = null
  if (accelerator) {
    try {
      // The runtime leaves out a provider that it does not know, with a warning only.
      if (!isKnown(accelerator)) throw new Error('this build of the runtime is without it')
      const providers = { executionProviders: [accelerator, 'cpu'] }
      const session = await InferenceSession.create(file, { ...options, ...providers })
      state.openedOn.set(file, accelerator)
      return session
    } catch (error) {
      refusal = error
    }
  }
  // A file that is at fault itself is refused here too.
  const session = await InferenceSession.create(file, { ...options, executionProviders: ['cpu'] })
  state.openedOn.set(file, 'cpu')
  if (refusal) {
    state.refused = true
    state.note(`models run on the CPU, ${accelerator} cannot be used: ${toError(refusal).message}`)
  }
  return session
}

/** Whether nothing but the CPU would be tried. */
export function isOnCpu(setting: DeviceSetting): boolean {
  return acceleratorFor(setting) === null
}

/** What to try before the CPU; null for nothing. */
function acceleratorFor(setting: DeviceSetting): string | null {
  if (setting !== 'auto') return setting === 'cpu' ? null : setting
  if (isKnown('coreml')) return 'coreml'
  return isCudaInstalled() ? 'cuda' : null
}

function isKnown(provider: string): boolean {
  return listSupportedBackends().some(({ name }) => name === provider)
}

/** The runtime's CUDA libraries are a download of their own (its `install` script): not everyone has them. */
function isCudaInstalled(): boolean {
  const runtime = path.dirname(
    createRequire(import.meta.url).resolve('onnxruntime-node/package.json'),
  )
  const { platform, arch } = process
  const folder = path.join(runtime, 'bin/napi-v6', platform, arch)
  const library =
    platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so'
  return isKnown('cuda') && existsSync(path.join(folder, library))
}

/**
 * Opens an ONNX file as `createSession`.
 *
 * @throws PermanentError `model-unreadable` when the runtime refuses the file
 */
export async function openSession(file: string, threads: number): Promise<InferenceSession> {
  try {
    return await createSession(file, threads)
  } catch (cause) {
    throw new PermanentError(
      'model-unreadable',
      `Expected an ONNX model in ${file}, but the runtime refuses it (${toError(cause).message}). Fetch it again: remove the file and run \`forgeindex models pull\`.`,
      { cause },
    )
  }
}

/** A tensor's values, as they come from a session in this or another thread. */
export type TensorValue = Pick<Tensor, 'type' | 'data' | 'dims'>

/** An ONNX session, in this thread or in one of its own. */
export interface Session {
  readonly inputMetadata: readonly InferenceSession.ValueMetadata[]
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[]
  /** @param feeds by input name; the session may keep their memory, they are not to be used again */
  run(feeds: Record<string, Tensor>): Promise<Record<string, TensorValue>>
  release(): Promise<void>
}

/** How a model's file is opened: `openSession`, or in a thread of its own. */
export type OpenSession = (file: string, threads: number) => Promise<Session>

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
 * @throws PermanentError `model-output-wrong` when it is missing, empty, of another type, or holds
 *   values that are no numbers
 */
export function floatOutput(
  outputs: Readonly<Record<string, TensorValue>>,
  name: string,
): { data: Float32Array; dims: readonly number[] } {
  const tensor = outputs[name]
  if (!(tensor?.data instanceof Float32Array) || tensor.data.length === 0) {
    throw new PermanentError(
      'model-output-wrong',
      `Expected float32 values from the model's output ${name}, got ${tensor ? `${tensor.type} [${tensor.dims}]` : `only ${Object.keys(outputs).join(', ')}`}.`,
    )
  }
  const { data, dims } = tensor
  const stride = Math.max(1, Math.floor(data.length / SAMPLED_VALUES))
  for (let index = 0; index < data.length; index += stride) {
    if (Number.isNaN(data[index])) {
      throw new PermanentError(
        'model-output-wrong',
        `Expected numbers from the model's output ${name}, got NaN. Its file may be damaged: remove it and run \`forgeindex models pull\`.`,
      )
    }
  }
  return { data, dims }
}

/** Integers as the tensor type that a model's input asks for: int64 or int32. */
export function integerTensor(type: Tensor.Type, values: number[], dims: number[]): Tensor {
  return type === 'int32'
    ? new Tensor('int32', Int32Array.from(values), dims)
    : new Tensor('int64', BigInt64Array.from(values, BigInt), dims)
}
