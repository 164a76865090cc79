import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InvalidInputError, PermanentError } from '../../../src/errors.ts'
import { WavFile } from '../../../src/models/speech/wav.ts'
import { makeWav, wavHeader } from './speech-files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-wav-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** -32768, 0, 16384 */
const DATA = Buffer.from([0x00, 0x80, 0x00, 0x00, 0x00, 0x40])

async function samplesOf(bytes: Buffer): Promise<number[]> {
  const file = path.join(folder, 'a.wav')
  await writeFile(file, bytes)
  const wav = await WavFile.open(file)
  try {
    const target = new Float32Array(wav.sampleCount)
    expect(await wav.read(0, target)).toBe(wav.sampleCount)
    return [...target]
  } finally {
    await wav.close()
  }
}

describe('WavFile', () => {
  test('reads samples as floats, at any place', async () => {
    const file = path.join(folder, 'place.wav')
    await writeFile(file, Buffer.concat([wavHeader(DATA.length), DATA]))
    const wav = await WavFile.open(file)
    const target = new Float32Array(8)
    expect(await wav.read(1, target)).toBe(2)
    expect([...target.subarray(0, 2)]).toEqual([0, 0.5])
    expect(await wav.read(3, target)).toBe(0)
    await wav.close()
  })

  test.each([0, 0xffffffff, 4_000_000])(
    'takes a declared data size of %d as "to the end"',
    async (size) => {
      expect(await samplesOf(Buffer.concat([wavHeader(size), DATA]))).toEqual([-1, 0, 0.5])
    },
  )

  test('stops at the declared size when more chunks follow', async () => {
    const bytes = Buffer.concat([
      wavHeader(4),
      DATA.subarray(0, 4),
      Buffer.from('LIST\x04\0\0\0abcd'),
    ])
    expect(await samplesOf(bytes)).toEqual([-1, 0])
  })

  test('skips chunks before the samples, odd ones with their padding', async () => {
    const header = wavHeader(DATA.length)
    const extra = Buffer.from('note\x03\0\0\0abc\0')
    const bytes = Buffer.concat([header.subarray(0, 36), extra, header.subarray(36), DATA])
    expect(await samplesOf(bytes)).toEqual([-1, 0, 0.5])
  })

  test('leaves out half a sample at the end', async () => {
    expect(await samplesOf(Buffer.concat([wavHeader(0), DATA.subarray(0, 5)]))).toEqual([-1, 0])
  })

  test('has no samples when the file is empty or ends before its data', async () => {
    expect(await samplesOf(Buffer.alloc(0))).toEqual([])
    expect(await samplesOf(wavHeader(0))).toEqual([])
    expect(await samplesOf(wavHeader(0).subarray(0, 36))).toEqual([])
  })

  test('reads what ffmpeg writes to a file and to a pipe', async () => {
    const sine = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=16000:duration=1']
    const plain = await WavFile.open(await makeWav(path.join(folder, 'plain.wav'), ...sine))
    const piped = await WavFile.open(
      await makeWav(path.join(folder, 'piped.wav'), ...sine, '-seekable', '0'),
    )
    expect(plain.sampleCount).toBe(16_000)
    expect(piped.sampleCount).toBe(16_000)
    await plain.close()
    await piped.close()
  })

  test('refuses other formats and says what it got', async () => {
    const stereo = Buffer.concat([wavHeader(6, { channels: 2, rate: 44_100 }), DATA])
    await expect(samplesOf(stereo)).rejects.toThrow(/got format 1, 2 channels, 44100 Hz, 16 bits/)
    await expect(samplesOf(stereo)).rejects.toBeInstanceOf(PermanentError)
  })

  test('refuses what is no WAV, and a header that leads beyond the end', async () => {
    await expect(samplesOf(Buffer.from('OggS and so on, no wave file'))).rejects.toMatchObject({
      code: 'wav-unsupported',
    })
    const astray = wavHeader(0)
    astray.writeUInt32LE(24_932, 16)
    await expect(samplesOf(Buffer.concat([astray, DATA]))).rejects.toMatchObject({
      code: 'wav-unsupported',
    })
  })

  test('names a file that is not there', async () => {
    const file = path.join(folder, 'absent.wav')
    await expect(WavFile.open(file)).rejects.toBeInstanceOf(InvalidInputError)
    await expect(WavFile.open(file)).rejects.toThrow(file)
  })
})
