import { mkdir, rm } from 'node:fs/promises'
import { extract } from '../media/decode.ts'
import { type MediaInfo, probe } from '../media/ffprobe.ts'
import { pictureQuality } from '../media/quality-pictures.ts'
import { skippableFrames } from '../media/skippable-frames.ts'
import type { Transition } from '../media/transition.ts'
import { replaceKeyframes } from '../store/keyframes.ts'
import { saveQuality } from '../store/quality.ts'
import { replaceShots, type Shot } from '../store/shots.ts'
import { updateVideo } from '../store/videos.ts'
import type { PipelineStep, StepContext, StepInputs, StepReport } from './step.ts'
import { captionsInUse } from './transcription.ts'

/** Pictures written to the object store at once. */
const UPLOADS = 8
/**
 * 720p at 60 frames a second. One core decodes a minute of such H.264 in 5 s; the models (ViT-B/32, YOLOv8n,
 * Whisper base) take 6.5 s for its pictures and sound.
 */
const LIGHT_PIXELS_PER_SECOND = 1280 * 720 * 60

/**
 * One decode of the pictures, one of the sound: keyframes (one a second of presentation time, scene cuts
 * above 0.3, the hard cuts of the adaptive threshold) as JPEG, the shots, the quality of the pictures, the
 * audio as 16 kHz mono WAV, a thumbnail.
 */
export class FramesStep implements PipelineStep {
  readonly name = 'frames'
  readonly version = 4
  readonly phase = 'processing'
  readonly after = []

  async fingerprint({ settings }: StepInputs): Promise<unknown> {
    return settings.profile === 'fast' ? { profile: 'fast' } : {}
  }

  async run(context: StepContext): Promise<StepReport> {
    const { video, settings, storage, models, files, jobsAhead, signal } = context
    // They are read from disk while the video is decoded.
    models.prewarm()
    const original = await files.original(signal)
    const info = await probe(settings, original, { signal, content: video.contentSha256 })
    const folder = files.decoded
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    const skipped =
      settings.profile === 'fast'
        ? await skippableFrames(settings, original, info, { signal })
        : null
    const keyOf = (timestamp: number) =>
      `videos/${video.id}/frames/${String(Math.round(timestamp * 1000)).padStart(9, '0')}.jpg`
    const ahead = files.lookAhead(
      models,
      jobsAhead.filter((job) => job !== 'speech'),
      settings.profile,
    )
    const hasCompany = jobsAhead.length > 0 && isLightToDecode(info)
    const threads = hasCompany ? Math.max(1, Math.round(settings.threads / 2)) : settings.threads
    const extraction = await extract({ ...settings, threads }, original, info, folder, {
      skipped,
      signal,
      onPicture: (file, timestamp) => ahead.add(keyOf(timestamp), file),
      ...(jobsAhead.includes('speech') && !captionsInUse(settings, video)
        ? { onSound: (file) => files.listenAhead.begin(models, file) }
        : {}),
    })

    // Before the pictures are stored, which may move them.
    const pictures = await pictureQuality(
      extraction.keyframes.map(({ file }) => file),
      { signal },
    )
    const keyframes = extraction.keyframes.map((keyframe) => ({
      ...keyframe,
      storageKey: keyOf(keyframe.timestamp),
    }))
    for (let start = 0; start < keyframes.length; start += UPLOADS) {
      await Promise.all(
        keyframes.slice(start, start + UPLOADS).map(async ({ storageKey, file }) => {
          await storage.putFile(storageKey, file, { contentType: 'image/jpeg', signal })
          await files.stored(storageKey, file)
        }),
      )
    }
    // A thumbnail from the source stays; ours fills the gap.
    let thumbnailKey = video.thumbnailKey
    if (!thumbnailKey && extraction.thumbnail) {
      thumbnailKey = `videos/${video.id}/thumbnail.jpg`
      await storage.putFile(thumbnailKey, extraction.thumbnail, {
        contentType: 'image/jpeg',
        signal,
      })
    }
    const hasAudio = extraction.audio !== null
    const shots = keyframes.length > 0 ? shotsBetween(extraction) : []
    return {
      counts: {
        keyframes: keyframes.length,
        shots: shots.length,
        scene_changes: keyframes.filter((keyframe) => keyframe.isSceneChange).length,
        decoded_frames: extraction.decodedFrames,
        ...(skipped === 'nokey' ? { key_frames_only: 1 } : {}),
      },
      ...(extraction.warnings.length > 0
        ? { message: `The decoder reported: ${extraction.warnings.join(', ')}.` }
        : {}),
      ...(keyframes.length > 0
        ? {}
        : { skipped: info.hasVideo ? 'video-undecodable' : 'no-video' }),
      async write(trx) {
        await replaceKeyframes(trx, video.id, keyframes)
        await replaceShots(trx, video.id, shots)
        await saveQuality(trx, video.id, { ...extraction.quality, ...pictures })
        await updateVideo(trx, video.id, {
          duration: extraction.durationSeconds,
          width: info.width,
          height: info.height,
          fps: info.fps,
          rotation: info.rotation,
          hasAudio,
          thumbnailKey,
        })
      },
    }
  }
}

/** The shots between transitions, from 0 to the end of the video. */
export function shotsBetween(video: {
  transitions: readonly Transition[]
  durationSeconds: number
}): Shot[] {
  const starts = [0, ...video.transitions.map(({ microseconds }) => microseconds / 1e6)]
  return starts.map((startTime, index) => {
    const begin = video.transitions[index - 1]
    return {
      index,
      startTime,
      endTime: starts[index + 1] ?? Math.max(startTime, video.durationSeconds),
      transition: begin?.kind ?? 'start',
      strength: begin?.strength ?? null,
    }
  })
}

/**
 * Whether the models on the other cores need longer than one core needs to decode. Then ffmpeg's frame
 * threads only cost: a fifth more CPU.
 */
function isLightToDecode({ width, height, fps }: MediaInfo): boolean {
  return (width ?? 0) * (height ?? 0) * (fps ?? 30) <= LIGHT_PIXELS_PER_SECOND
}
