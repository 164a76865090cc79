import { createHash } from 'node:crypto'
import type { StepRun } from '../store/step-runs.ts'
import type { PipelineStep, StepInputs, StepName } from './step.ts'

/** The steps after this one that read its rows, or rows that were made from them. */
export function readersOf(step: PipelineStep, steps: readonly PipelineStep[]): StepName[] {
  const from = new Set([step.name])
  for (const other of steps) {
    if (other.after.some((name) => from.has(name))) from.add(other.name)
  }
  from.delete(step.name)
  return [...from]
}

/** True when the step's last run ended and had the same version and the same input. */
export function isFresh(
  run: Pick<StepRun, 'state' | 'version' | 'inputHash'> | undefined,
  step: PipelineStep,
  inputHash: string,
): boolean {
  return (
    run !== undefined &&
    (run.state === 'done' || run.state === 'skipped') &&
    run.version === step.version &&
    run.inputHash === inputHash
  )
}

/**
 * Everything that decides a step's outcome, as one hash (sha256, hex).
 *
 * @param hashes those of the steps before it, which it includes where it reads them
 */
export async function hashInput(
  step: PipelineStep,
  inputs: StepInputs,
  hashes: ReadonlyMap<StepName, string>,
): Promise<string> {
  const input = {
    step: step.name,
    version: step.version,
    content: inputs.video.contentSha256,
    after: step.after.map((name) => hashes.get(name) ?? null),
    own: await step.fingerprint(inputs),
  }
  return createHash('sha256').update(JSON.stringify(input)).digest('hex')
}
