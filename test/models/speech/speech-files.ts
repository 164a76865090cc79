import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { SpeechModelFiles } from '../../../src/models/speech/speech-model.ts'
import { testData } from '../../support/test-data.ts'

const run = promisify(execFile)

/** The real weights in the shared test data, or null when one of them is not there. */
export function speechModelFiles(): SpeechModelFiles | null {
  const files = {
    encoder: testData('models/whisper-base/onnx/encoder_model_quantized.onnx'),
    decoder: testData('models/whisper-base/onnx/decoder_model_merged_quantized.onnx'),
    tokenizer: testData('models/whisper-base/tokenizer.json'),
    config: testData('models/whisper-base/config.json'),
    generationConfig: testData('models/whisper-base/generation_config.json'),
    preprocessorConfig: testData('models/whisper-base/preprocessor_config.json'),
    vad: testData('models/silero-vad/silero_vad.onnx'),
  }
  return Object.values(files).includes(null) ? null : (files as SpeechModelFiles)
}

/** Runs ffmpeg so that `output` becomes 16 kHz mono s16le WAV. `inputs` are its input arguments. */
export async function makeWav(output: string, ...inputs: string[]): Promise<string> {
  const format = ['-ac', '1', '-ar', '16000', '-c:a', 'pcm_s16le', output]
  await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...inputs, ...format])
  return output
}

/** Writes samples in [-1, 1) as a plain 16 kHz mono WAV. */
export async function writeWav(file: string, samples: Float32Array): Promise<string> {
  const data = Buffer.alloc(samples.length * 2)
  samples.forEach((sample, i) => {
    data.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(sample * 32_768))), i * 2)
  })
  await writeFile(file, Buffer.concat([wavHeader(data.length), data]))
  return file
}

/** A 44-byte header that declares `dataBytes` of 16 kHz mono s16le, or another format. */
export function wavHeader(
  dataBytes: number,
  {
    channels = 1,
    rate = 16_000,
    bits = 16,
  }: { channels?: number; rate?: number; bits?: number } = {},
): Buffer {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE((36 + dataBytes) >>> 0, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(channels, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE((rate * channels * bits) / 8, 28)
  header.writeUInt16LE((channels * bits) / 8, 32)
  header.writeUInt16LE(bits, 34)
  header.write('data', 36)
  header.writeUInt32LE(dataBytes >>> 0, 40)
  return header
}

/** The words of a text without case and punctuation; "Mr." as it is read. */
export function words(text: string): string[] {
  const plain = text.toLowerCase().replaceAll(/\bmr\b\.?/g, 'mister')
  return plain
    .replaceAll(/[^\p{L}\p{N}']+/gu, ' ')
    .trim()
    .split(' ')
    .filter(Boolean)
}

/** Words to insert, delete or replace to turn one text into the other (Levenshtein distance). */
export function wordErrors(expected: string, got: string): number {
  const [a, b] = [words(expected), words(got)]
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, word] of a.entries()) {
    const next = [i + 1]
    for (const [j, other] of b.entries()) {
      next.push(Math.min(row[j]! + (word === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
