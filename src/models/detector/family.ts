import { PermanentError } from '../../errors.ts'
import type { LetterboxOptions } from '../../media/images.ts'
import type { TensorInfo } from '../onnx.ts'
import type { Candidate } from './nms.ts'

/** One output tensor of a detector. */
export interface OutputTensor {
  data: Float32Array
  dims: readonly number[]
}

/** Size in pixels of the tensor that the frames were laid into. */
export interface InputSize {
  width: number
  height: number
}

/** What sets one kind of detector apart: how frames go in and how boxes come out. */
export interface DetectorFamily {
  readonly name: 'yolox' | 'yolov8' | 'dfine' | 'fastestdet'
  /** How frames are laid into the input, but for its size. */
  readonly layout: Omit<LetterboxOptions, 'width' | 'height'>
  /** Most overlap two boxes of a class may have; 1 switches suppression off. */
  readonly maxOverlap: number
  /** When the input's sides are free they are multiples of this, in pixels. */
  readonly stride: number
  /** Side in pixels of the square that frames are scaled to when the input's sides are free. */
  readonly defaultSide: number
  /** Whether a model with these outputs is of this kind. */
  matches(outputs: readonly TensorInfo[], classes: number): boolean
  /**
   * The boxes on each image that reach `minConfidence`, in the input's pixels, before suppression.
   * A value that is no number makes no box.
   *
   * @param outputs by name, all images of the batch
   * @throws PermanentError `model-output-wrong` when a shape does not fit the input
   */
  decode(
    outputs: Record<string, OutputTensor>,
    input: InputSize,
    minConfidence: number,
  ): Candidate[][]
}

/** An output whose shape is not what the family gives for this input. */
export function outputFault(family: string, expected: string, got: readonly number[]) {
  return new PermanentError(
    'model-output-wrong',
    `Expected ${expected} from a detector of the family ${family}, got [${got}]. The file may be damaged, or an export of another kind.`,
  )
}
