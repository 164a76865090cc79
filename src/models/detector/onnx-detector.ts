import { Tensor } from 'onnxruntime-node'
import { PermanentError } from '../../errors.ts'
import { fromLetterbox, type Letterbox, letterbox, uprightSize } from '../../media/images.ts'
import type { DetectorManifest } from '../manifest.ts'
import {
  floatOutput,
  integerTensor,
  type OpenSession,
  openSession,
  type TensorInfo,
  type TensorValue,
  tensorInfos,
} from '../onnx.ts'
import { appearanceOf } from './appearance.ts'
import { type Detection, type Detector, MAX_DETECTIONS, MIN_CONFIDENCE } from './detector.ts'
import { dfine } from './dfine.ts'
import type { DetectorFamily, InputSize, OutputTensor } from './family.ts'
import { fastestdet } from './fastestdet.ts'
import { type Candidate, suppressOverlaps } from './nms.ts'
import { yolov8 } from './yolov8.ts'
import { yolox } from './yolox.ts'

/** One image ready to be run. */
export interface PreparedFrame extends InputSize {
  /** float32 [3, height, width]. */
  tensor: Float32Array
  box: Letterbox
}

const FAMILIES: readonly DetectorFamily[] = [yolox, yolov8, dfine, fastestdet]

/**
 * Opens a detector. Its input may be of fixed size or free (then the frame's own aspect is used,
 * 384 x 640 for 16:9), of fixed batch or free.
 *
 * @param threads at least 1
 * @throws PermanentError `model-unreadable`, or `detector-unknown` when its outputs fit no family
 */
export async function loadDetector(
  manifest: DetectorManifest,
  file: string,
  threads: number,
  open: OpenSession = openSession,
): Promise<Detector<PreparedFrame[]>> {
  const session = await open(file, threads)
  const inputs = tensorInfos(session.inputMetadata)
  const input = inputs.find(({ shape }) => shape.length === 4)
  const sizeInput = inputs.find(({ name }) => name === 'orig_target_sizes')
  const outputs = tensorInfos(session.outputMetadata)
  const family = familyOf(manifest, outputs)
  if (!input || !family) {
    await session.release()
    throw new PermanentError(
      'detector-unknown',
      `Expected a detector with ${manifest.classes.length} classes (YOLOX, YOLOv8 or 11, D-FINE, RT-DETR or FastestDet) in ${file}, but it takes ${shapes(inputs)} and gives ${shapes(outputs)}.`,
    )
  }
  return {
    family: family.name,
    prepare: (files) => Promise.all(files.map((frame) => prepareFrame(frame, family, input))),
    async run(frames) {
      const found: Detection[][] = []
      for (const batch of sameSizeBatches(frames, input.shape[0] ?? null)) {
        const rows = input.shape[0] ?? batch.length
        const feeds = {
          [input.name]: packed(batch, rows),
          ...(sizeInput ? { [sizeInput.name]: inputSizes(sizeInput, batch[0], rows) } : {}),
        }
        const decoded = decodeBatch(await session.run(feeds), outputs, family, batch[0])
        for (const [index, frame] of batch.entries()) {
          const detections = toDetections(decoded[index] ?? [], frame.box, family, manifest.classes)
          found.push(
            detections.map((detection) => ({
              ...detection,
              appearance: appearanceOf(detection, frame.tensor, frame, family.layout),
            })),
          )
        }
      }
      return found
    },
    dispose: () => session.release(),
  }
}

/**
 * Boxes of one frame as shares of its own width and height, clipped to the frame; boxes that lie
 * outside it altogether are dropped.
 */
export function toDetections(
  candidates: readonly Candidate[],
  box: Letterbox,
  family: Pick<DetectorFamily, 'maxOverlap'>,
  classes: readonly string[],
): Detection[] {
  return suppressOverlaps(candidates, family.maxOverlap, MAX_DETECTIONS).flatMap((candidate) => {
    const start = fromLetterbox(box, candidate.x1, candidate.y1)
    const end = fromLetterbox(box, candidate.x2, candidate.y2)
    const x = clip(start.x)
    const y = clip(start.y)
    const w = clip(end.x) - x
    const h = clip(end.y) - y
    const label = classes[candidate.classIndex]
    if (!label || !(w > 0) || !(h > 0)) return []
    return { label, confidence: candidate.confidence, x, y, w, h }
  })
}

function familyOf(
  manifest: DetectorManifest,
  outputs: readonly TensorInfo[],
): DetectorFamily | undefined {
  // RT-DETR goes in and comes out as D-FINE does.
  const wanted = manifest.family === 'rtdetr' ? 'dfine' : manifest.family
  return FAMILIES.find((family) =>
    wanted === 'auto' ? family.matches(outputs, manifest.classes.length) : family.name === wanted,
  )
}

async function prepareFrame(
  file: string,
  family: DetectorFamily,
  input: TensorInfo,
): Promise<PreparedFrame> {
  const size = inputSize(input, family, await uprightSize(file))
  return { ...size, ...(await letterbox(file, { ...family.layout, ...size })) }
}

/** The model's own size, or the frame's aspect in multiples of the stride when that is free. */
export function inputSize(
  input: Pick<TensorInfo, 'shape'>,
  family: Pick<DetectorFamily, 'stride' | 'defaultSide' | 'layout'>,
  frame: { width: number; height: number },
): InputSize {
  const [, , height, width] = input.shape
  const square = { width: width ?? family.defaultSide, height: height ?? family.defaultSide }
  if ((height && width) || family.layout.placement === 'stretch') return square
  const ratio = Math.min(square.width / frame.width, square.height / frame.height)
  const upToStride = (length: number) =>
    Math.max(1, Math.ceil(Math.round(length * ratio) / family.stride)) * family.stride
  return {
    width: width ?? upToStride(frame.width),
    height: height ?? upToStride(frame.height),
  }
}

/** Runs of frames of one size, in order, at most `limit` each; null is no limit. */
function sameSizeBatches(frames: readonly PreparedFrame[], limit: number | null) {
  const batches: PreparedFrame[][] = []
  for (const frame of frames) {
    const last = batches.at(-1)
    const fits =
      last?.[0]?.width === frame.width &&
      last[0].height === frame.height &&
      last.length < (limit ?? Number.POSITIVE_INFINITY)
    if (fits) last.push(frame)
    else batches.push([frame])
  }
  return batches
}

function packed(batch: readonly PreparedFrame[], rows: number): Tensor {
  const { width = 0, height = 0 } = batch[0] ?? {}
  const size = 3 * width * height
  const values = new Float32Array(rows * size)
  for (const [index, frame] of batch.entries()) values.set(frame.tensor, index * size)
  return new Tensor('float32', values, [rows, 3, height, width])
}

/** What the authors' postprocessor scales its boxes to: here the input itself, [rows, 2]. */
function inputSizes(input: TensorInfo, size: InputSize | undefined, rows: number): Tensor {
  const { width = 0, height = 0 } = size ?? {}
  const values = Array.from({ length: rows }, () => [width, height]).flat()
  return input.type === 'float32'
    ? new Tensor('float32', Float32Array.from(values), [rows, 2])
    : integerTensor(input.type, values, [rows, 2])
}

function decodeBatch(
  results: Readonly<Record<string, TensorValue>>,
  outputs: readonly TensorInfo[],
  family: DetectorFamily,
  size: InputSize | undefined,
): Candidate[][] {
  const tensors: Record<string, OutputTensor> = {}
  for (const { name, type } of outputs) {
    tensors[name] = type === 'float32' ? floatOutput(results, name) : integerOutput(results, name)
  }
  return family.decode(tensors, size ?? { width: 0, height: 0 }, MIN_CONFIDENCE)
}

/** Class numbers, which some exports give as integers. */
function integerOutput(results: Readonly<Record<string, TensorValue>>, name: string): OutputTensor {
  const tensor = results[name]
  if (tensor?.data instanceof BigInt64Array || tensor?.data instanceof Int32Array) {
    return { data: Float32Array.from(tensor.data, Number), dims: tensor.dims }
  }
  return floatOutput(results, name)
}

function clip(share: number): number {
  return Math.min(1, Math.max(0, share))
}

function shapes(tensors: readonly TensorInfo[]): string {
  return tensors.map(({ name, shape }) => `${name} [${shape.map((n) => n ?? '?')}]`).join(', ')
}
