import { type FileHandle, open } from 'node:fs/promises'
import { InvalidInputError, PermanentError } from '../../errors.ts'

/** Samples a second of all sound in this folder. */
export const SAMPLE_RATE = 16_000

const BYTES_PER_SAMPLE = 2
const PCM = 1
const EXTENSIBLE = 0xfffe

/** A 16 kHz mono s16le WAV file on disk, read by position: nothing of it is held in memory. */
export class WavFile {
  /** Whole samples in the file: what is really there, whatever the header says. */
  readonly sampleCount: number
  readonly #handle: FileHandle
  readonly #dataOffset: number

  private constructor(handle: FileHandle, dataOffset: number, dataBytes: number) {
    this.#handle = handle
    this.#dataOffset = dataOffset
    this.sampleCount = Math.floor(dataBytes / BYTES_PER_SAMPLE)
  }

  /**
   * Opens a file; the caller closes it. An empty file, and one that ends before its data chunk (a
   * writer that was stopped), have 0 samples. A data size of 0, of 0xFFFFFFFF (written to a pipe)
   * or beyond the end means "to the end of the file".
   *
   * @throws InvalidInputError `wav-not-found`; PermanentError `wav-unsupported` for another format
   */
  static async open(file: string): Promise<WavFile> {
    const handle = await openFile(file)
    try {
      const { size } = await handle.stat()
      const { offset, bytes } = await findData(handle, size, file)
      return new WavFile(handle, offset, bytes)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /**
   * Samples as float32 in [-1, 1) from `startSample` (0 ≤ start) into `target`; returns how many
   * there were, fewer than `target.length` only at the end of the file.
   */
  async read(startSample: number, target: Float32Array): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.sampleCount - startSample))
    const bytes = Buffer.allocUnsafe(wanted * BYTES_PER_SAMPLE)
    const position = this.#dataOffset + startSample * BYTES_PER_SAMPLE
    const filled = await readFully(this.#handle, bytes, position)
    const count = Math.floor(filled / BYTES_PER_SAMPLE)
    for (let i = 0; i < count; i++) target[i] = bytes.readInt16LE(i * BYTES_PER_SAMPLE) / 32_768
    return count
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r')
  } catch (error) {
    throw new InvalidInputError(
      'wav-not-found',
      `Expected a readable WAV file, but ${file} cannot be opened: check the path and its rights.`,
      { cause: error },
    )
  }
}

/**
 * Where the samples lie. Layout: Microsoft, "Multimedia Programming Interface and Data
 * Specifications 1.0" (RIFF), and EBU Tech 3306 for RF64: chunks of id, 32-bit size, even padding.
 */
async function findData(handle: FileHandle, size: number, file: string) {
  if (size === 0) return { offset: 0, bytes: 0 }
  const head = Buffer.alloc(12)
  const headBytes = await readFully(handle, head, 0)
  const riff = head.toString('latin1', 0, 4)
  if (headBytes < 12 || !['RIFF', 'RF64'].includes(riff) || head.toString('latin1', 8) !== 'WAVE') {
    throw unsupported(file, 'no RIFF/WAVE header')
  }
  let position = 12
  let formatSeen = false
  const chunk = Buffer.alloc(8)
  while ((await readFully(handle, chunk, position)) === 8) {
    const id = chunk.toString('latin1', 0, 4)
    const declared = chunk.readUInt32LE(4)
    const body = position + 8
    if (id === 'data') {
      if (!formatSeen) throw unsupported(file, 'samples without a format before them')
      const left = size - body
      const open = declared === 0 || declared === 0xffffffff || declared > left
      return { offset: body, bytes: open ? left : declared }
    }
    if (id === 'fmt ') {
      await checkFormat(handle, body, declared, file)
      formatSeen = true
    }
    position = body + declared + (declared % 2)
    if (position > size + 1) throw unsupported(file, `a chunk ${JSON.stringify(id)} beyond the end`)
  }
  return { offset: size, bytes: 0 }
}

async function checkFormat(handle: FileHandle, position: number, declared: number, file: string) {
  const format = Buffer.alloc(26)
  const filled = await readFully(handle, format.subarray(0, Math.min(26, declared)), position)
  if (filled < 16) throw unsupported(file, 'a format chunk that is cut short')
  // In the extensible form the true format code is the first two bytes of a GUID at offset 24.
  const outer = format.readUInt16LE(0)
  const code = outer === EXTENSIBLE ? format.readUInt16LE(24) : outer
  const channels = format.readUInt16LE(2)
  const rate = format.readUInt32LE(4)
  const bits = format.readUInt16LE(14)
  if (code !== PCM || channels !== 1 || rate !== SAMPLE_RATE || bits !== 16) {
    throw unsupported(file, `format ${code}, ${channels} channels, ${rate} Hz, ${bits} bits`)
  }
}

function unsupported(file: string, got: string): PermanentError {
  return new PermanentError(
    'wav-unsupported',
    `Expected 16 kHz mono 16-bit PCM WAV in ${file}, got ${got}: convert it with ffmpeg first.`,
  )
}

/** Fills `target` from `position`; fewer bytes come back only at the end of the file. */
async function readFully(handle: FileHandle, target: Buffer, position: number): Promise<number> {
  let filled = 0
  while (filled < target.length) {
    const { bytesRead } = await handle.read(
      target,
      filled,
      target.length - filled,
      position + filled,
    )
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
