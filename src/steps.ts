import { ActivityStep } from './labeling/steps/activity.ts'
import { AnnotationStep } from './labeling/steps/annotation.ts'
import { ConceptsStep } from './labeling/steps/concepts.ts'
import { DetectionStep } from './labeling/steps/detection.ts'
import { DedupStep } from './pipeline/dedup.ts'
import { EmbeddingsStep } from './pipeline/embeddings.ts'
import { FramesStep } from './pipeline/frames.ts'
import type { PipelineStep } from './pipeline/step.ts'
import { TranscriptionStep } from './pipeline/transcription.ts'

/** The steps on one video, in order. Swap one here. */
export const STEPS: PipelineStep[] = [
  new FramesStep(),
  new EmbeddingsStep(),
  new DedupStep(),
  new TranscriptionStep(),
  new DetectionStep(),
  new ConceptsStep(),
  new ActivityStep(),
  new AnnotationStep(),
]
