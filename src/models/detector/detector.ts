/** One object found on one image. */
export interface Detection {
  /** The model's own class name, for COCO models a COCO name: `cell phone`. */
  label: string
  /** 0–1, never below the detector's threshold. */
  confidence: number
  /** Top-left corner and size as a share (0–1) of the upright image's width and height. */
  x: number
  y: number
  w: number
  h: number
  /** Its colours, for telling objects apart; see `appearanceOf`. */
  appearance?: Uint8Array | undefined
}

/** What the brief asks for. */
export const MIN_CONFIDENCE = 0.3

/** Ultralytics' `max_det`: more boxes than this on one frame are noise. */
export const MAX_DETECTIONS = 300

/**
 * Finds objects on images. The two halves are apart so that the next batch is decoded in the
 * thread pool while this one runs.
 */
export interface Detector<Prepared = unknown> {
  /** How its output is read: `yolox`, `yolov8`, `dfine`, `fastestdet`. */
  readonly family: string
  /**
   * Decodes and scales images.
   *
   * @throws PermanentError `image-unreadable`
   */
  prepare(files: readonly string[]): Promise<Prepared>
  /**
   * @returns one list per image, most confident first, after non-maximum suppression
   * @throws PermanentError `model-output-wrong`
   */
  run(prepared: Prepared): Promise<Detection[][]>
  dispose(): Promise<void>
}
