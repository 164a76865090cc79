import type { SmallVideo } from '../../../api/video.ts'

/** True while something is still being done with a video. */
export function isAtWork(status: SmallVideo['status']): boolean {
  return status !== 'completed' && status !== 'failed'
}

/** How many of a video's steps are over, 0–1. */
export function doneShare(steps: SmallVideo['steps']): number {
  if (steps.length === 0) return 0
  return steps.filter(({ state }) => state === 'done' || state === 'skipped').length / steps.length
}

/** Which model a step needs, as /health names its job; null for steps that need none. */
export function modelJobOf(step: string): 'clip' | 'detector' | 'speech' | null {
  if (step === 'embeddings' || step === 'concepts' || step === 'dedup' || step === 'activity')
    return 'clip'
  if (step === 'detection') return 'detector'
  if (step === 'transcription') return 'speech'
  return null
}

const REASONS: Record<string, string> = {
  'model-missing': 'This step was skipped: model not installed.',
  'no-audio': 'Skipped: the file has no sound.',
  'no-video': 'Skipped: the file has no picture.',
  'video-undecodable': 'Skipped: the pictures could not be decoded.',
  'no-speech': 'Nobody speaks in it.',
  'no-vector': 'Skipped: there is nothing to compare.',
  'no-keyframes': 'Skipped: there are no keyframes.',
}

/** Why a step was skipped, in words; the API's own word when there is no better one. */
export function reasonText(reason: string): string {
  return REASONS[reason] ?? `Skipped: ${reason.replaceAll('-', ' ')}.`
}
