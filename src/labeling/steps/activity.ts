import type { PipelineStep, StepContext, StepInputs, StepReport } from '../../pipeline/step.ts'
import { conceptsOf, detectionsOf, replaceActivities } from '../../store/labels.ts'
import { stepRunsOf } from '../../store/step-runs.ts'
import { getVideo } from '../../store/videos.ts'
import { recogniseActivities } from '../activity.ts'
import type { FrameLabel } from '../activity-evidence.ts'
import { loadTaxonomy } from '../taxonomy.ts'

/** Activity segments: the taxonomy's rules over what is seen on each keyframe. */
export class ActivityStep implements PipelineStep {
  readonly name = 'activity'
  readonly version = 2
  readonly phase = 'labeling'
  readonly after = ['frames' as const, 'detection' as const, 'concepts' as const]

  async fingerprint({ video }: StepInputs): Promise<unknown> {
    const { activities } = await loadTaxonomy(video.taxonomy)
    return { activities }
  }

  async run({ video, db, keyframes }: StepContext): Promise<StepReport> {
    const frames = await keyframes()
    const { duration } = await getVideo(db, video.id)
    const taxonomy = await loadTaxonomy(video.taxonomy)
    const labels = new Map(frames.map((frame) => [frame.id, [] as FrameLabel[]]))
    for (const box of await detectionsOf(db, video.id)) {
      labels.get(box.keyframeId)?.push({
        label: box.label,
        confidence: box.confidence,
        source: 'yolo',
        modelName: box.modelName,
      })
    }
    for (const concept of await conceptsOf(db, video.id, { alsoWeak: true })) {
      labels.get(concept.keyframeId)?.push({
        label: concept.label,
        confidence: concept.score,
        source: 'clip',
        isWeak: concept.isWeak,
        modelName: concept.modelName,
        scoreKind: concept.scoreKind,
      })
    }
    const runs = await stepRunsOf(db, video.id)
    const hasRun = (step: string) => runs.some((run) => run.step === step && run.state === 'done')
    // A rule that asks for "no person" must not hold because nobody looked for one.
    const sources = [
      ...(hasRun('detection') ? (['yolo'] as const) : []),
      ...(hasRun('concepts') ? (['clip'] as const) : []),
    ]
    const segments = recogniseActivities(
      taxonomy.activities,
      frames.map((frame) => ({
        keyframeId: frame.id,
        timestamp: frame.timestamp,
        shotIndex: frame.shotIndex,
        labels: labels.get(frame.id) ?? [],
      })),
      duration ?? 0,
      { sources },
    )
    return {
      counts: { keyframes: frames.length, segments: segments.length },
      ...(frames.length === 0
        ? { skipped: 'no-keyframes' }
        : sources.length === 0
          ? { skipped: 'model-missing', message: 'No model has labelled the frames.' }
          : {}),
      write: (trx) =>
        replaceActivities(
          trx,
          video.id,
          segments.map((segment) => ({ ...segment, metadata: { ...segment.metadata } })),
        ),
    }
  }
}
