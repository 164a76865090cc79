import type { PipelineStep, StepContext, StepInputs, StepReport } from '../../pipeline/step.ts'
import { replaceDetections } from '../../store/labels.ts'
import { getVideo } from '../../store/videos.ts'
import { lookForWords, wordsFingerprint } from '../find-words.ts'
import { mapLabel } from '../mapping.ts'
import { loadTaxonomy } from '../taxonomy.ts'
import { trackObjects } from '../tracking.ts'

/** Width over height where the size is not known. */
const USUAL_ASPECT = 16 / 9

/** Objects on each keyframe, with the taxonomy's words for the detector's, followed from one to the next. */
export class DetectionStep implements PipelineStep {
  readonly name = 'detection'
  readonly version = 2
  readonly phase = 'labeling'
  readonly after = ['frames' as const]

  async fingerprint(inputs: StepInputs): Promise<unknown> {
    const { models, video, settings } = inputs
    const { ref, installed } = await models.describe('detector')
    const taxonomy = await loadTaxonomy(video.taxonomy)
    const { objects } = taxonomy
    return {
      ref,
      installed,
      objects,
      ...(settings.profile === 'fast' ? { profile: 'fast' } : {}),
      ...(video.openVocabulary ? { words: await wordsFingerprint(inputs, taxonomy) } : {}),
    }
  }

  async run(context: StepContext): Promise<StepReport> {
    const { video, settings, db, models, files, keyframes, signal } = context
    const frames = await keyframes()
    const { ref } = await models.describe('detector')
    const taxonomy = await loadTaxonomy(video.taxonomy)
    const pictures = await files.pictures(frames, signal)
    const { results: boxes, counts } = await files.lookAt(
      'detector',
      { keyframes: frames, pictures, profile: settings.profile },
      (changed) => models.detect(changed, { signal }),
    )
    const words = await lookForWords(context, pictures, taxonomy)
    const seen = frames.map((frame, index) => ({
      keyframeId: frame.id,
      timestamp: frame.timestamp,
      shotIndex: frame.shotIndex,
      boxes: [
        ...(boxes[index] ?? []).map((box) => ({
          ...box,
          ...mapLabel(taxonomy, box.label),
          modelName: ref.name,
          source: 'detector' as const,
        })),
        ...(words.found[index] ?? []),
      ],
    }))
    const { width, height } = await getVideo(db, video.id)
    const tracks = trackObjects(seen, width && height ? width / height : USUAL_ASPECT)
    const detections = seen.flatMap(({ keyframeId, boxes: found }) =>
      found.map((box) => ({ ...box, keyframeId, trackId: tracks.get(box) ?? null })),
    )
    return {
      counts: {
        keyframes: frames.length,
        detections: detections.length,
        tracks: new Set(tracks.values()).size,
        ...counts,
      },
      modelName: ref.name,
      device: models.deviceOf('detector'),
      ...(words.message ? { message: words.message } : {}),
      ...(frames.length === 0 ? { skipped: 'no-keyframes' } : {}),
      write: (trx) => replaceDetections(trx, video.id, detections),
    }
  }
}
