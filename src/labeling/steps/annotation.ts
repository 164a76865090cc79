import type { ModelJob } from '../../models/catalog.ts'
import type { PipelineStep, StepContext, StepInputs, StepReport } from '../../pipeline/step.ts'
import { saveAnnotation } from '../../store/annotations.ts'
import { refreshDocument } from '../../store/documents.ts'
import { activitiesOf, conceptsOf, detectionsOf } from '../../store/labels.ts'
import { qualityOf, saveSpeechShare } from '../../store/quality.ts'
import { storedShotsOf } from '../../store/shots.ts'
import { type StepRun, stepRunsOf } from '../../store/step-runs.ts'
import { replaceAutoTags, tagsOf } from '../../store/tags.ts'
import { transcriptOf } from '../../store/transcripts.ts'
import { getVideo, updateVideo } from '../../store/videos.ts'
import { buildAnnotation } from '../annotator.ts'
import { categoryOf } from '../category.ts'
import { speechShareOf } from '../speech-share.ts'
import { autoTags } from '../tags.ts'
import { loadTaxonomy } from '../taxonomy.ts'

/** Which model a step's results are of. */
const JOBS: Record<string, ModelJob> = {
  embeddings: 'clip',
  dedup: 'clip',
  concepts: 'clip',
  transcription: 'speech',
  detection: 'detector',
}

/** All that is known about a video in one JSON document; its tags, its category, its search text. */
export class AnnotationStep implements PipelineStep {
  readonly name = 'annotation'
  readonly version = 5
  readonly phase = 'labeling'
  readonly after = [
    'frames' as const,
    'embeddings' as const,
    'dedup' as const,
    'transcription' as const,
    'detection' as const,
    'concepts' as const,
    'activity' as const,
  ]

  async fingerprint({ video }: StepInputs): Promise<unknown> {
    const { hash } = await loadTaxonomy(video.taxonomy)
    const { title, description, query, uploader, licence } = video
    return { taxonomy: hash, title, description, query, uploader, licence }
  }

  async run(context: StepContext): Promise<StepReport> {
    const { db, models } = context
    const video = await getVideo(db, context.video.id)
    const taxonomy = await loadTaxonomy(video.taxonomy)
    const keyframes = await context.keyframes()
    const detections = await detectionsOf(db, video.id)
    const concepts = await conceptsOf(db, video.id)
    const activities = await activitiesOf(db, video.id)
    const transcript = await transcriptOf(db, video.id)
    const runs = (await stepRunsOf(db, video.id)).filter((run) => run.step !== this.name)
    const given = autoTags(taxonomy, {
      query: video.query,
      title: video.title,
      description: video.description,
      transcript: transcript?.fullText ?? null,
      activities: activities.map(({ label }) => label),
      objects: steadyLabels(detections, keyframes.length),
    })
    const manual = (await tagsOf(db, video.id)).filter(({ source }) => source === 'manual')
    const tags = [...new Set([...given, ...manual.map(({ tag }) => tag)])]
    const category = categoryOf(taxonomy, { query: video.query, title: video.title, tags })
    const quality = await qualityOf(db, video.id)
    const speechShare = speechShareOf(transcript?.segments ?? null, video.duration)
    const annotation = buildAnnotation({
      video,
      category,
      tags,
      keyframes,
      shots: await storedShotsOf(db, video.id),
      quality: quality && { ...quality, speechShare },
      detections,
      concepts,
      activities,
      transcript,
      models: await modelsOf(runs, models),
      steps: runs.map(({ step, state, reason }) => ({ step, state, reason })),
      taxonomy,
    })
    return {
      counts: {
        objects: annotation.objects_detected.length,
        actions: annotation.actions.length,
        tags: tags.length,
      },
      async write(trx) {
        await replaceAutoTags(trx, video.id, given)
        await updateVideo(trx, video.id, { category })
        await saveSpeechShare(trx, video.id, speechShare)
        await saveAnnotation(trx, video.id, annotation)
        await refreshDocument(trx, video.id)
      },
    }
  }
}

/** In so short a video one keyframe is enough for a tag. */
const FEW_KEYFRAMES = 4

/** Labels of boxes that are worth a tag: seen on two keyframes at least, for detectors err on single ones. */
function steadyLabels(boxes: { keyframeId: string; label: string }[], keyframes: number): string[] {
  const seenOn = new Map<string, Set<string>>()
  for (const { label, keyframeId } of boxes) {
    seenOn.set(label, (seenOn.get(label) ?? new Set()).add(keyframeId))
  }
  const needed = keyframes < FEW_KEYFRAMES ? 1 : 2
  return [...seenOn].filter(([, frames]) => frames.size >= needed).map(([label]) => label)
}

/** The models behind the steps that ran, with revision and licence. */
async function modelsOf(runs: StepRun[], models: StepContext['models']) {
  const used = []
  for (const { step, state, modelName } of runs) {
    const job = JOBS[step]
    if (!job || !modelName || state !== 'done') continue
    const { ref } = await models.describe(job)
    const isCurrent = ref.name === modelName
    used.push({
      step,
      name: modelName,
      revision: isCurrent ? ref.revision : null,
      licence: isCurrent ? ref.licence : null,
    })
  }
  return used
}
