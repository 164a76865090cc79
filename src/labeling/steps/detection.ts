import type { PipelineStep, StepContext, StepReport } from '../../pipeline/step.ts'
import { replaceDetections } from '../../store/labels.ts'
import { mapLabel } from '../mapping.ts'
import { loadTaxonomy } from '../taxonomy.ts'

/** Objects on each keyframe, with the taxonomy's words for the detector's. */
export class DetectionStep implements PipelineStep {
  readonly name = 'detection'
  readonly version = 1
  readonly phase = 'labeling'
  readonly after = ['frames' as const]

  async fingerprint({ models, video }: StepContext): Promise<unknown> {
    const { ref, installed } = await models.describe('detector')
    const { objects } = await loadTaxonomy(video.taxonomy)
    return { ref, installed, objects }
  }

  async run({ video, models, files, keyframes, signal }: StepContext): Promise<StepReport> {
    const frames = await keyframes()
    const { ref } = await models.describe('detector')
    const taxonomy = await loadTaxonomy(video.taxonomy)
    const boxes =
      frames.length > 0 ? await models.detect(await files.pictures(frames, signal), { signal }) : []
    const detections = boxes.flatMap((found, i) =>
      found.map((box) => ({
        keyframeId: frames[i]!.id,
        ...mapLabel(taxonomy, box.label),
        confidence: box.confidence,
        x: box.x,
        y: box.y,
        w: box.w,
        h: box.h,
        modelName: ref.name,
      })),
    )
    return {
      counts: { keyframes: frames.length, detections: detections.length },
      modelName: ref.name,
      device: models.deviceOf('detector'),
      ...(frames.length === 0 ? { skipped: 'no-keyframes' } : {}),
      write: (trx) => replaceDetections(trx, video.id, detections),
    }
  }
}
