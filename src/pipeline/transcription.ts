import { existsSync } from 'node:fs'
import { extractAudio } from '../media/audio.ts'
import { replaceTranscript } from '../store/transcripts.ts'
import { getVideo } from '../store/videos.ts'
import { SCRATCH_AUDIO } from './frames.ts'
import type { PipelineStep, StepContext, StepInputs, StepReport } from './step.ts'

/** What is said, as full text and timed segments. Without speech the transcript is empty. */
export class TranscriptionStep implements PipelineStep {
  readonly name = 'transcription'
  readonly version = 2
  readonly phase = 'processing'
  readonly after = ['frames' as const]

  async fingerprint({ models }: StepInputs): Promise<unknown> {
    const { ref, installed } = await models.describe('speech')
    return { ref, installed }
  }

  async run({ video, settings, db, models, files, signal }: StepContext): Promise<StepReport> {
    const { hasAudio } = await getVideo(db, video.id)
    if (!hasAudio) {
      return {
        counts: {},
        skipped: 'no-audio',
        write: (trx) => replaceTranscript(trx, video.id, null),
      }
    }
    const { ref } = await models.describe('speech')
    const audio = files.scratch(SCRATCH_AUDIO)
    // The frames step of an earlier run left nothing: decode the sound alone.
    if (!existsSync(audio)) {
      await extractAudio(settings, await files.original(signal), audio, { signal })
    }
    const speech = await models.transcribe(audio, { signal })
    return {
      counts: {
        segments: speech.segments.length,
        words: speech.text.split(/\s+/).filter(Boolean).length,
        speech_seconds: Math.round(speech.speechSeconds * 100) / 100,
        dropped_segments: speech.dropped.length,
      },
      modelName: ref.name,
      device: models.deviceOf('speech'),
      ...(speech.segments.length === 0 ? { skipped: 'no-speech' } : {}),
      write: (trx) =>
        replaceTranscript(trx, video.id, {
          fullText: speech.text,
          language: speech.language,
          modelName: ref.name,
          source: 'whisper',
          segments: speech.segments.map((segment) => ({ ...segment, words: null })),
        }),
    }
  }
}
