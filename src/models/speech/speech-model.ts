import { z } from 'zod'
import type { SpeechParts } from './decode-batch.ts'
import { SpeechDecoder } from './decoder.ts'
import { SpeechEncoder } from './encoder.ts'
import { readModelJson } from './model-file.ts'
import type { SpeechResult } from './result.ts'
import { type TranscribeOptions, transcribe } from './transcribe.ts'
import { readVocabulary } from './vocabulary.ts'
import { VoiceDetector } from './voice-detector.ts'
import { WavFile } from './wav.ts'

/** Paths of a Whisper model in the layout of optimum and transformers.js, and of Silero's detector. */
export interface SpeechModelFiles {
  /** `encoder_model*.onnx` */
  encoder: string
  /** `decoder_model_merged*.onnx` */
  decoder: string
  tokenizer: string
  config: string
  generationConfig: string
  preprocessorConfig: string
  /** `silero_vad.onnx`, version 5 or later. */
  vad: string
}

const configSchema = z.object({
  decoder_layers: z.int().min(1),
  decoder_attention_heads: z.int().min(1),
  d_model: z.int().min(1),
  max_target_positions: z.int().min(8),
})
const preprocessorSchema = z.object({
  feature_size: z.int().min(1),
  // Everything else about the features is fixed in log-mel.ts: a model that differs is refused.
  sampling_rate: z.literal(16_000),
  n_fft: z.literal(400),
  hop_length: z.literal(160),
  chunk_length: z.literal(30),
})

/**
 * Speech to text: Silero finds the speech, Whisper writes it down. Holds native memory (about
 * 0.25 GB loaded, up to 1 GB at work for the base size): who loads it disposes of it.
 */
export class SpeechModel {
  readonly #parts: SpeechParts

  private constructor(parts: SpeechParts) {
    this.#parts = parts
  }

  /**
   * Loads all files (about a second for the base size). `threads`: CPU threads for one run.
   *
   * @throws PermanentError `model-file-missing` or `model-file-damaged`, naming the file
   */
  static async load(files: SpeechModelFiles, options: { threads: number }): Promise<SpeechModel> {
    const config = await readModelJson(files.config, configSchema)
    const { feature_size } = await readModelJson(files.preprocessorConfig, preprocessorSchema)
    const vocabulary = await readVocabulary(files.tokenizer, files.generationConfig)
    const shape = {
      layers: config.decoder_layers,
      heads: config.decoder_attention_heads,
      headWidth: config.d_model / config.decoder_attention_heads,
      alignmentHeads: vocabulary.alignmentHeads,
    }
    const opened: { release(): Promise<void> }[] = []
    try {
      const detector = await VoiceDetector.load(files.vad)
      opened.push(detector)
      const encoder = await SpeechEncoder.load(files.encoder, feature_size, options.threads)
      opened.push(encoder)
      const decoder = await SpeechDecoder.load(files.decoder, shape, options.threads)
      // Half the context is kept for a prompt: sample_len of openai/whisper `whisper/decoding.py`.
      const maxTokens = Math.floor(config.max_target_positions / 2)
      return new SpeechModel({ detector, encoder, decoder, vocabulary, maxTokens })
    } catch (error) {
      for (const part of opened) await part.release()
      throw error
    }
  }

  /**
   * Transcribes a 16 kHz mono s16le WAV file of any length, in bounded memory. The event loop gets
   * its turn at least every half second, so an abort is heard; it is thrown as the signal's reason.
   *
   * @throws InvalidInputError `wav-not-found`; PermanentError `wav-unsupported`
   */
  async transcribe(wavFile: string, options: TranscribeOptions = {}): Promise<SpeechResult> {
    options.signal?.throwIfAborted()
    const wav = await WavFile.open(wavFile)
    try {
      return await transcribe(this.#parts, wav, options)
    } finally {
      await wav.close()
    }
  }

  /** Frees the native memory. The model must not be used afterwards, nor be at work. */
  async dispose(): Promise<void> {
    const { detector, encoder, decoder } = this.#parts
    await detector.release()
    await encoder.release()
    await decoder.release()
  }
}
