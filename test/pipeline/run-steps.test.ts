import { describe, expect, it } from 'vitest'
import { Requeue } from '../../src/config/task-queue.ts'
import { OtherStepFailed, runSteps } from '../../src/pipeline/run-steps.ts'
import type { PipelineStep, StepName } from '../../src/pipeline/step.ts'
import { STEPS } from '../../src/steps.ts'

/** Runs the real list of steps with work that ends when the test says so. */
function start(
  gate: { isOpen: boolean; fromTheStart: boolean } = { isOpen: true, fromTheStart: true },
) {
  const begun: StepName[] = []
  const ends = new Map<StepName, { resolve(): void; reject(error: Error): void }>()
  const reasons = new Map<StepName, unknown>()
  const draining = new AbortController()
  const cancel = new AbortController()
  let asked = 0
  const ended = runSteps(STEPS, {
    signal: cancel.signal,
    draining: draining.signal,
    gate: {
      after: 'dedup',
      isOpen: async () => {
        asked += 1
        return gate.isOpen
      },
      isOpenFromTheStart: gate.fromTheStart,
    },
    run: ({ name }: PipelineStep, signal: AbortSignal) =>
      new Promise((resolve, reject) => {
        begun.push(name)
        ends.set(name, { resolve, reject })
        signal.addEventListener('abort', () => {
          reasons.set(name, signal.reason)
          reject(signal.reason)
        })
      }),
  })
  ended.catch(() => {})
  const end = async (...names: StepName[]) => {
    for (const name of names) ends.get(name)!.resolve()
    await turn()
  }
  const fail = async (name: StepName, error: Error) => {
    ends.get(name)!.reject(error)
    await turn()
  }
  return { begun, end, fail, ended, reasons, draining, cancel, asked: () => asked }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the steps of one video', () => {
  it('begin as soon as those are done that they read, side by side', async () => {
    const { begun, end, ended } = start()
    await turn()
    expect(begun).toEqual(['frames'])
    await end('frames')
    expect(begun.slice(1)).toEqual(['embeddings', 'transcription', 'detection'])
    await end('detection')
    expect(begun).toHaveLength(4)
    await end('embeddings')
    expect(begun.slice(4)).toEqual(['dedup', 'concepts'])
    await end('concepts')
    expect(begun.slice(6)).toEqual(['activity'])
    await end('activity', 'dedup')
    expect(begun).not.toContain('annotation')
    await end('transcription')
    expect(begun.slice(7)).toEqual(['annotation'])
    await end('annotation')
    expect(await ended).toBe(true)
  })

  it('wait behind the gate while the video may be turned down, and do not begin when it is', async () => {
    const open = start({ isOpen: true, fromTheStart: false })
    await turn()
    await open.end('frames')
    expect(open.begun).toEqual(['frames', 'embeddings'])
    await open.end('embeddings')
    expect(open.begun.slice(2)).toEqual(['dedup'])
    expect(open.asked()).toBe(0)
    await open.end('dedup')
    expect(open.asked()).toBe(1)
    expect(open.begun.slice(3)).toEqual(['transcription', 'detection', 'concepts'])

    const shut = start({ isOpen: false, fromTheStart: false })
    await turn()
    await shut.end('frames')
    await shut.end('embeddings')
    await shut.end('dedup')
    expect(await shut.ended).toBe(false)
    expect(shut.begun).toEqual(['frames', 'embeddings', 'dedup'])
  })

  it('are stopped when one of them fails, and its own error is what is thrown', async () => {
    const { fail, end, ended, reasons, begun } = start()
    await turn()
    await end('frames')
    const fault = new Error('no such model')
    await fail('detection', fault)
    await expect(ended).rejects.toBe(fault)
    expect(reasons.get('embeddings')).toBeInstanceOf(OtherStepFailed)
    expect(reasons.get('transcription')).toBeInstanceOf(OtherStepFailed)
    expect(begun).toHaveLength(4)
  })

  it('end what runs and begin nothing more when the process drains', async () => {
    const { end, ended, draining, begun } = start()
    await turn()
    await end('frames')
    draining.abort()
    await end('detection', 'embeddings', 'transcription')
    await expect(ended).rejects.toBeInstanceOf(Requeue)
    expect(begun).toHaveLength(4)
  })

  it('give the reason of an abort', async () => {
    const { cancel, ended } = start()
    await turn()
    cancel.abort(new Error('cancelled by its owner'))
    await expect(ended).rejects.toThrow('cancelled by its owner')
  })
})
