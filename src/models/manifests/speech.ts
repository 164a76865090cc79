import type { FileRole, SpeechManifest, VadManifest } from '../manifest.ts'

/** [size in bytes, sha256] of a file at the pinned revision. */
type Pin = [number, string]

const ROLE_FILES: [FileRole, string][] = [
  ['encoder', 'onnx/encoder_model_quantized.onnx'],
  ['decoder', 'onnx/decoder_model_merged_quantized.onnx'],
  ['tokenizer', 'tokenizer.json'],
  ['config', 'config.json'],
  ['generationConfig', 'generation_config.json'],
  ['preprocessorConfig', 'preprocessor_config.json'],
]

/** The same two files in all sizes. */
const TOKENIZER: Pin = [
  2_480_466,
  '27fc476bfe7f17299480be2273fc0608e4d5a99aba2ab5dec5374b4482d1a566',
]
const PREPROCESSOR: Pin = [339, 'a6a76d28c93edb273669eb9e0b0636a2bddbb1272c3261e47b7ca6dfdbac1b8d']

/** A multilingual Whisper, 8-bit, in the hub's `onnx-community` layout. */
export function whisperManifest(
  size: string,
  revision: string,
  pins: Partial<Record<FileRole, Pin>>,
): SpeechManifest {
  const repository = `onnx-community/whisper-${size}`
  return {
    name: `whisper-${size}`,
    kind: 'speech',
    revision,
    licence: 'MIT',
    dims: null,
    files: ROLE_FILES.map(([role, file]) => ({
      role,
      path: `whisper-${size}/${file}`,
      url: `${repository}/resolve/${revision}/${file}`,
      mirrors: [],
      bytes: pins[role]?.[0] ?? null,
      sha256: pins[role]?.[1] ?? null,
    })),
  }
}

export const whisperTiny = whisperManifest('tiny', 'ff4177021cc41f7db950912b73ea4fdf7d01d8e7', {
  encoder: [10_124_990, '2af4a414ca47aa30f61246017e5fe82b0a8d229281d1255ba666a2a7f6b84d19'],
  decoder: [30_719_241, '25e807a962b6349356d0ea5d0dfe530b7e5bf0e2a484aeca0359d03143faddd3'],
  config: [2_243, '46aeea0a406afbeb563fc8e59ca10609203df4299af6a83f73752fef369efd2d'],
  generationConfig: [3_772, 'f5c67e5a4f7102f8cb4d058bc95da276bbc19eeec997267c3bb0f25ef68facd1'],
  tokenizer: TOKENIZER,
  preprocessorConfig: PREPROCESSOR,
})

export const whisperBase = whisperManifest('base', '1846881b6b3a3024392c1eea3ad983695bc23925', {
  encoder: [23_201_314, '5862993336bf33acd23736071aae2b32261d3b1b2f37780194460d4ef974dd46'],
  decoder: [53_693_315, 'fa3ef9902734ce5ae6f9ef2bdb2ba9a6c4b5785b09f4f420ce036573dc9d090b'],
  config: [2_243, 'f4d0608f7d918166da7edb3e188de5ef1bfe70d9802e785d271fd88111e9cf4b'],
  generationConfig: [3_832, '61070cf8de25b1e9256e8e102ded49d8d24a8369ed36ef84fdf21549e68125a0'],
  tokenizer: TOKENIZER,
  preprocessorConfig: PREPROCESSOR,
})

export const whisperSmall = whisperManifest('small', '36050c46d777d46dc4b5f43f6d90574fc38f8732', {
  encoder: [92_326_160, 'a43a83f3c5361cd591cfa7c36f14b43cf7cb22f47a415cc14a8d557be800fa92'],
  decoder: [156_750_845, 'ec07c3cbb64172c39791e26ee870a65ac22b458c36722bfe2776b3dbf741e0c9'],
  config: [2_227, '457854d452f17661e197d74aee12b8e74fb75ba30ebfaa7426d0d61ea1e08a18'],
  generationConfig: [3_893, 'f538b28220c6a6d6f1af1458d4141cacb4ef4963df3de98a19490440c412ddf0'],
  tokenizer: TOKENIZER,
  preprocessorConfig: PREPROCESSOR,
})

/** Silero voice activity detector v6.2: speech or not, for each 32 ms of 16 kHz audio. */
export const sileroVad: VadManifest = {
  name: 'silero-vad',
  kind: 'vad',
  revision: '6.2',
  licence: 'MIT',
  dims: null,
  files: [
    {
      role: 'vad',
      path: 'silero-vad/silero_vad.onnx',
      // The hub's copy was not seen: its size fits, the hash decides, and the authors' own is next.
      url: 'deepghs/silero-vad-onnx/resolve/main/silero_vad.onnx',
      mirrors: [
        'https://raw.githubusercontent.com/snakers4/silero-vad/7e30209a3e901f9842f81b225f3e93d8199902b1/src/silero_vad/data/silero_vad.onnx',
      ],
      bytes: 2_327_524,
      sha256: '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3',
    },
  ],
}
