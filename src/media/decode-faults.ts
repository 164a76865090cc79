/** What ended a decode: faults of the machine, of the file, and what ffmpeg says of either. */
import { PermanentError, TransientError } from '../errors.ts'
import type { RunResult } from './process.ts'
import { pictureTooLarge, tooManyPixels } from './refusals.ts'

/** Whether ffmpeg reported more than streams that we do not decode anyway. */
export function hasFaults(stderr: string): boolean {
  return stderr.split('\n').some((line) => line.trim() && !line.includes('not on whitelist'))
}

export function throwIfSystemFault({ code, stderr }: RunResult): void {
  if (/No space left on device|Disk quota exceeded/i.test(stderr)) {
    throw diskFull(new Error(stderr.trim().slice(-500)))
  }
  if (code === 137) {
    throw new TransientError(
      'decoder-killed',
      'The system stopped ffmpeg, most likely for want of memory. Process fewer videos at once.',
    )
  }
}

export function diskFull(cause: Error): TransientError {
  return new TransientError(
    'disk-full',
    'The disk is full: the frames of this video could not be written. Free some space and try again.',
    { cause },
  )
}

export function undecodable({ stderr }: RunResult): PermanentError {
  const oversize = pictureTooLarge(stderr)
  if (oversize) return tooManyPixels(oversize)
  return new PermanentError(
    'undecodable',
    'The file opens, but not one picture or sound in it could be decoded: its content is damaged. Fetch or convert it again.',
    { cause: new Error(stderr.trim().slice(-1000)) },
  )
}

export function flooded(): PermanentError {
  return new PermanentError(
    'too-many-keyframes',
    'The picture format of this video changes at nearly every frame, so it was not taken apart. Convert it to one format first.',
  )
}
