import sharp, { type Sharp } from 'sharp'
import { decodedImage, type Pixels } from './decoded-images.ts'
import { enlarge } from './enlarge.ts'

/** How an image is laid into a fixed rectangle, and the way back. All lengths in pixels. */
export interface Letterbox {
  /** Size of the source image. */
  sourceWidth: number
  sourceHeight: number
  /** Rectangle the image covers inside the tensor. */
  left: number
  top: number
  width: number
  height: number
}

export interface LetterboxOptions {
  /** Tensor size in pixels. */
  width: number
  height: number
  /** Where the scaled image lies; `stretch` fills the tensor and ignores the aspect. */
  placement: 'top-left' | 'centre' | 'stretch'
  channels: 'rgb' | 'bgr'
  /** Grey level 0–255 of the border. */
  pad: number
  /** Multiplies each value: 1 keeps 0–255, 1 / 255 gives 0–1. */
  scale: number
}

/**
 * Threads that one decode may use. The models get the cores: decoding runs beside them.
 *
 * @param threads at least 1
 */
export function limitImageThreads(threads: number): void {
  sharp.concurrency(threads)
  // Frames are read once each: a cache of decoded files only costs memory.
  sharp.cache(false)
}

/**
 * The pixels CLIP wants of an image: shortest side to `size` by antialiased bicubic, centre crop,
 * `(v / 255 - mean) / std`. Sizes and crop are rounded as torchvision does, whose pixels the
 * weights were trained on. sharp's `cubic` is the same Catmull-Rom kernel as Pillow's BICUBIC.
 *
 * @returns float32 [3, size, size], RGB planes
 * @throws PermanentError `image-unreadable`
 */
export async function clipTensor(
  file: string,
  options: { size: number; mean: readonly number[]; std: readonly number[] },
): Promise<Float32Array> {
  const { size, mean, std } = options
  const source = await decodedImage(file)
  const short = Math.min(source.width, source.height)
  const width = Math.max(size, Math.trunc((size * source.width) / short))
  const height = Math.max(size, Math.trunc((size * source.height) / short))
  const { data } = await scaled(source, (image) =>
    image.resize({ width, height, fit: 'fill', kernel: 'cubic' }).extract({
      left: roundHalfToEven((width - size) / 2),
      top: roundHalfToEven((height - size) / 2),
      width: size,
      height: size,
    }),
  )
  const plane = size * size
  const tensor = new Float32Array(3 * plane)
  for (let channel = 0; channel < 3; channel++) {
    const factor = 1 / (255 * (std[channel] ?? 1))
    const offset = (mean[channel] ?? 0) / (std[channel] ?? 1)
    const values = valuesOf((level) => level * factor - offset)
    copyChannel(data, channel, tensor.subarray(channel * plane, (channel + 1) * plane), values)
  }
  return tensor
}

/**
 * An image scaled into a rectangle with its aspect kept and the rest padded.
 *
 * @returns tensor: float32 [3, height, width]; box: where the image lies in it
 * @throws PermanentError `image-unreadable`
 */
export async function letterbox(
  file: string,
  options: LetterboxOptions,
): Promise<{ tensor: Float32Array; box: Letterbox }> {
  const source = await decodedImage(file)
  const box = placeImage(source, options)
  const shrunk = await scaled(source, (image) =>
    image.resize({
      width: Math.min(box.width, box.sourceWidth),
      height: Math.min(box.height, box.sourceHeight),
      fit: 'fill',
      kernel: 'linear',
    }),
  )
  const { data } = enlarge(shrunk, box.width, box.height)
  const values = valuesOf((level) => level * options.scale)
  const plane = options.width * options.height
  const tensor = new Float32Array(3 * plane).fill(options.pad * options.scale)
  for (let channel = 0; channel < 3; channel++) {
    const from = options.channels === 'bgr' ? 2 - channel : channel
    for (let row = 0; row < box.height; row++) {
      const start = channel * plane + (box.top + row) * options.width + box.left
      const to = tensor.subarray(start, start + box.width)
      copyChannel(data, row * box.width * 3 + from, to, values)
    }
  }
  return { tensor, box }
}

/** Where an image of a size lies in the rectangle, see `letterbox`. At least one pixel each way. */
export function placeImage(
  source: { width: number; height: number },
  options: Pick<LetterboxOptions, 'width' | 'height' | 'placement'>,
): Letterbox {
  const sourceSize = { sourceWidth: source.width, sourceHeight: source.height }
  if (options.placement === 'stretch') {
    return { ...sourceSize, left: 0, top: 0, width: options.width, height: options.height }
  }
  const ratio = Math.min(options.width / source.width, options.height / source.height)
  // YOLOX cuts off the fraction, Ultralytics rounds: each as its weights were trained.
  const round = options.placement === 'top-left' ? Math.trunc : Math.round
  const width = Math.max(1, round(source.width * ratio))
  const height = Math.max(1, round(source.height * ratio))
  // Ultralytics rounds half a pixel down; the maximum turns its -0 into 0.
  const half = (free: number) => Math.max(0, Math.round(free / 2 - 0.1))
  const centred = options.placement === 'centre'
  const left = centred ? half(options.width - width) : 0
  const top = centred ? half(options.height - height) : 0
  return { ...sourceSize, left, top, width, height }
}

/** A point of the tensor as a share (0–1) of the source's width and height; not clipped. */
export function fromLetterbox(box: Letterbox, x: number, y: number): { x: number; y: number } {
  return { x: (x - box.left) / box.width, y: (y - box.top) / box.height }
}

/** Width and height in pixels of an image as it is shown, its EXIF turn applied. */
export async function uprightSize(file: string): Promise<{ width: number; height: number }> {
  const { width, height } = await decodedImage(file)
  return { width, height }
}

async function scaled(source: Pixels, resize: (image: Sharp) => Sharp): Promise<Pixels> {
  const { width, height } = source
  const image = sharp(source.data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
  const { data, info } = await resize(image).raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

/**
 * Every third byte from `start` on, by its value. A function of its own, so that the engine compiles
 * just this: within its callers the same loop took four times as long (10 ms for 640 x 360).
 */
function copyChannel(
  data: Uint8Array,
  start: number,
  to: Float32Array,
  values: Float32Array,
): void {
  let from = start
  for (let index = 0; index < to.length; index++, from += 3) to[index] = values[data[from]!]!
}

/** What each grey level 0–255 becomes: looked up, since a frame has a million of them. */
function valuesOf(value: (level: number) => number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, level) => value(level))
}

/** Python's `round`, which torchvision's centre crop uses. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const half = value - floor === 0.5
  return half && floor % 2 === 0 ? floor : Math.round(value)
}
