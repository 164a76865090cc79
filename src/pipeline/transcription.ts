import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { extractAudio } from '../media/audio.ts'
import { type Caption, parseCaptions } from '../media/captions.ts'
import type { SpeechResult } from '../models/speech/result.ts'
import { replaceTranscript } from '../store/transcripts.ts'
import { getVideo, type Video } from '../store/videos.ts'
import type { PipelineStep, StepContext, StepInputs, StepReport } from './step.ts'

/**
 * What is said, as full text and timed segments: the captions that came with the video, else what
 * the speech model hears. Without speech the transcript is empty.
 */
export class TranscriptionStep implements PipelineStep {
  readonly name = 'transcription'
  readonly version = 2
  readonly phase = 'processing'
  readonly after = ['frames' as const]

  async fingerprint({ models, settings, video }: StepInputs): Promise<unknown> {
    const captions = captionsInUse(settings, video)
    if (captions) return { captions }
    const { ref, installed } = await models.describe('speech')
    return { ref, installed, ...(settings.wordTimes ? { words: true } : {}) }
  }

  async run(context: StepContext): Promise<StepReport> {
    const { video, db, models, files, signal } = context
    const { hasAudio, duration } = await getVideo(db, video.id)
    if (!hasAudio) {
      return {
        counts: {},
        skipped: 'no-audio',
        write: (trx) => replaceTranscript(trx, video.id, null),
      }
    }
    const captions = await readCaptions(context, duration)
    if (captions.length > 0) return fromCaptions(video, captions)
    const { ref } = await models.describe('speech')
    const speech = (await files.listenAhead.take(models, signal)) ?? (await listen(context))
    return fromModel(video, ref.name, models.deviceOf('speech'), speech)
  }
}

async function listen({ settings, models, files, signal }: StepContext): Promise<SpeechResult> {
  // The frames step of an earlier run left nothing: decode the sound alone.
  if (!existsSync(files.sound)) {
    await mkdir(files.decoded, { recursive: true })
    await extractAudio(settings, await files.original(signal), files.sound, { signal })
  }
  return await models.transcribe(files.sound, { signal })
}

/** The captions that stand for the model's transcript; null when there are none or they may not. */
export function captionsInUse(settings: StepInputs['settings'], { captions }: Video) {
  if (!captions || settings.captions === 'ignore') return null
  return captions.kind === 'human' || settings.captions === 'use-automatic' ? captions : null
}

/** Their lines in order; none when the video has no captions that may be used. */
async function readCaptions(
  { video, settings, storage, files, signal }: StepContext,
  duration: number | null,
): Promise<Caption[]> {
  const captions = captionsInUse(settings, video)
  if (!captions || !(await storage.stat(captions.key))) return []
  const copy = files.scratch('captions')
  await storage.getFile(captions.key, copy, { signal })
  return parseCaptions(await readFile(copy, 'utf8'), duration)
}

function fromCaptions(video: Video, lines: Caption[]): StepReport {
  // ISO 639-1 as the model writes it: `en` of `en-GB`.
  const language = video.captions?.language?.toLowerCase().split(/[-_]/)[0] || null
  const fullText = lines.map(({ text }) => text).join(' ')
  return {
    counts: { segments: lines.length, words: countWords(fullText) },
    device: null,
    message: `From the captions that came with the video (${video.captions?.kind}).`,
    write: (trx) =>
      replaceTranscript(trx, video.id, {
        fullText,
        language,
        modelName: 'captions',
        source: 'captions',
        segments: lines.map((line) => ({
          ...line,
          language,
          avgLogProb: null,
          noSpeechProb: null,
          words: null,
        })),
      }),
  }
}

function fromModel(
  video: Video,
  modelName: string,
  device: string | null,
  speech: SpeechResult,
): StepReport {
  return {
    counts: {
      segments: speech.segments.length,
      words: countWords(speech.text),
      speech_seconds: Math.round(speech.speechSeconds * 100) / 100,
      dropped_segments: speech.dropped.length,
    },
    modelName,
    device,
    ...(speech.segments.length === 0 ? { skipped: 'no-speech' } : {}),
    write: (trx) =>
      replaceTranscript(trx, video.id, {
        fullText: speech.text,
        language: speech.language,
        modelName,
        source: 'whisper',
        segments: speech.segments,
      }),
  }
}

function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length
}
