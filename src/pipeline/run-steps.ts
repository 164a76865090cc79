import { Requeue } from '../config/task-queue.ts'
import type { PipelineStep, StepName } from './step.ts'

/** Why a step was stopped: another one, which ran beside it, has failed. Not a fault of its own. */
export class OtherStepFailed extends Error {}

/** Where the work on a video may end early. */
export interface Gate {
  /** The steps after this one in the list wait for the gate. */
  after: StepName
  /** Asked once, when that step is done: false ends the work. */
  isOpen(): Promise<boolean>
  /** Lets the later steps begin as soon as they can. */
  isOpenFromTheStart: boolean
}

/**
 * Runs steps, each as soon as those of the list that it reads are done: what does not read each other
 * runs side by side. When one fails the others are stopped, and its error is thrown once they have
 * let go.
 *
 * @param steps in an order in which each comes after those that it reads
 * @returns false when the gate was closed; all that had begun is done then
 * @throws Requeue once what runs has ended, when the process drains
 * @throws the signal's reason when aborted
 */
export async function runSteps(
  steps: readonly PipelineStep[],
  options: {
    signal: AbortSignal
    draining: AbortSignal
    gate: Gate
    run(step: PipelineStep, signal: AbortSignal): Promise<void>
  },
): Promise<boolean> {
  const { gate, draining } = options
  const others = new AbortController()
  const signal = AbortSignal.any([options.signal, others.signal])
  const waiting = new Set(steps)
  const running = new Map<PipelineStep, Promise<void>>()
  let failure: { error: unknown } | null = null
  const gatePosition = steps.findIndex(({ name }) => name === gate.after)
  let gateState: 'open' | 'shut' | 'not-asked' =
    gatePosition === -1 || gate.isOpenFromTheStart ? 'open' : 'not-asked'

  const isBeforeGate = (step: PipelineStep) => steps.indexOf(step) <= gatePosition
  const mayBegin = (step: PipelineStep) =>
    (gateState === 'open' || isBeforeGate(step)) &&
    !steps.some((other) => step.after.includes(other.name) && isUnfinished(other))
  const isUnfinished = (step: PipelineStep) => waiting.has(step) || running.has(step)
  const begin = (step: PipelineStep) => {
    waiting.delete(step)
    const run = options.run(step, signal).then(
      () => void running.delete(step),
      (error: unknown) => {
        running.delete(step)
        failure ??= { error }
        others.abort(new OtherStepFailed(`The step ${step.name} failed.`))
      },
    )
    running.set(step, run)
  }

  for (;;) {
    const isStopping = failure !== null || draining.aborted || options.signal.aborted
    if (!isStopping && gateState === 'not-asked' && !steps.some(isBeforeGateAndUnfinished)) {
      gateState = (await gate.isOpen()) ? 'open' : 'shut'
    }
    if (!isStopping && gateState !== 'shut') {
      for (const step of [...waiting]) if (mayBegin(step)) begin(step)
    }
    if (running.size === 0) break
    await Promise.race(running.values())
  }
  if (failure) throw (failure as { error: unknown }).error
  options.signal.throwIfAborted()
  if (gateState === 'shut') return false
  if (waiting.size > 0) throw new Requeue()
  return true

  function isBeforeGateAndUnfinished(step: PipelineStep): boolean {
    return isBeforeGate(step) && isUnfinished(step)
  }
}
