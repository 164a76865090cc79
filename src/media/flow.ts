import { MiniatureStream } from './miniatures.ts'
import { FlowMeter, type FlowQuality } from './quality.ts'
import { ShotDetector } from './shots.ts'
import type { Transition } from './transition.ts'

/** What the small copies of all frames tell. */
export interface Flow {
  /** Where shots end and the next begin, in order of time; see `ShotDetector`. */
  transitions: Transition[]
  quality: FlowQuality
}

/** Finds it while the frames come in, in memory that does not grow but by the transitions found. */
export class FlowReader {
  readonly #shots = new ShotDetector()
  readonly #meter = new FlowMeter()
  readonly #miniatures = new MiniatureStream((frame) => {
    this.#shots.add(frame)
    this.#meter.add(frame)
  })

  /** As `MiniatureStream.read`. */
  read(times: readonly number[], bytes: Uint8Array): void {
    this.#miniatures.read(times, bytes)
  }

  /** @param durationSeconds of the video: its last frame is shown until then */
  finish(durationSeconds: number): Flow {
    return {
      transitions: this.#shots.finish(),
      quality: this.#meter.finish(durationSeconds),
    }
  }
}
