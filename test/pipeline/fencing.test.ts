import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { readSettings } from '../../src/config/settings.ts'
import { openStorage, type Storage } from '../../src/config/storage.ts'
import { createLogger } from '../../src/log.ts'
import { ModelHost } from '../../src/models/host.ts'
import {
  type PipelineServices,
  processVideo,
  StaleRun,
  StepFailure,
} from '../../src/pipeline/orchestrator.ts'
import type { PipelineStep, StepContext, StepName } from '../../src/pipeline/step.ts'
import { finishVideo } from '../../src/store/finish.ts'
import { stepRunsOf } from '../../src/store/step-runs.ts'
import { addManualTag, tagsOf } from '../../src/store/tags.ts'
import { getVideo } from '../../src/store/videos.ts'
import { eachDatabase, emptyDatabase } from '../support/library.ts'
import { insertVideo } from '../support/rows.ts'

/** A door that is closed until it is opened, and tells when somebody stands before it. */
function door() {
  let open = () => {}
  let arrive = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const pass = async () => {
    arrive()
    await opened
  }
  return { open, reached, pass }
}

/** A step that leaves its mark as a tag. */
function markingStep(
  name: StepName,
  mark: string,
  hooks: { plan?(): Promise<void>; run?(context: StepContext): Promise<void> } = {},
): PipelineStep {
  return {
    name,
    version: 1,
    phase: name === 'frames' ? 'processing' : 'labeling',
    after: name === 'frames' ? [] : ['frames'],
    async fingerprint() {
      await hooks.plan?.()
      return mark
    },
    async run(context) {
      await hooks.run?.(context)
      return {
        counts: { marks: 1 },
        write: (trx) => addManualTag(trx, context.video.id, mark),
      }
    },
  }
}

eachDatabase('a run whose video another run took over', (open) => {
  let database: Database
  let storage: Storage & AsyncDisposable
  let models: ModelHost
  let services: PipelineServices
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-fencing-'))
    const settings = readSettings({ FORGEINDEX_DATA_DIR: folder, LOG_LEVEL: 'silent' })
    const logger = createLogger('silent')
    database = await open()
    storage = await openStorage(settings)
    models = new ModelHost(settings, logger)
    services = { settings, database, storage, models, logger }
  })
  afterAll(async () => {
    await models?.[Symbol.asyncDispose]()
    await database?.close()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(() => emptyDatabase(database))

  const process = (id: string, ...steps: PipelineStep[]) =>
    processVideo(services, steps, id, {
      signal: new AbortController().signal,
      draining: new AbortController().signal,
    })
  const marksOf = async (id: string) => (await tagsOf(database.db, id)).map(({ tag }) => tag)

  it('writes no rows of a step that it was in', async () => {
    const id = await insertVideo(database.db, { status: 'pending' })
    const gate = door()
    const first = process(id, markingStep('frames', 'first', { run: gate.pass }))
    await gate.reached
    await process(id, markingStep('frames', 'second'))
    const runs = await stepRunsOf(database.db, id)
    gate.open()
    await expect(first).rejects.toBeInstanceOf(StaleRun)
    expect(await marksOf(id)).toEqual(['second'])
    expect(await stepRunsOf(database.db, id)).toEqual(runs)
    expect((await getVideo(database.db, id)).status).toBe('completed')
  })

  it('fails nothing when its step breaks because of that', async () => {
    const id = await insertVideo(database.db, { status: 'pending' })
    const gate = door()
    const broken = async () => {
      await gate.pass()
      throw new Error('its files are gone')
    }
    const first = process(id, markingStep('frames', 'first', { run: broken }))
    await gate.reached
    await process(id, markingStep('frames', 'second'))
    gate.open()
    const fault: unknown = await first.catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(StaleRun)
    expect(fault).not.toBeInstanceOf(StepFailure)
    const [run] = await stepRunsOf(database.db, id)
    expect(run).toMatchObject({ state: 'done', reason: null })
    expect((await getVideo(database.db, id)).status).toBe('completed')
  })

  it('begins no further step, and leaves the status alone', async () => {
    const id = await insertVideo(database.db, { status: 'pending' })
    const gate = door()
    const first = process(
      id,
      markingStep('frames', 'first'),
      markingStep('annotation', 'first-too', { plan: gate.pass }),
    )
    await gate.reached
    await process(id, markingStep('frames', 'second'), markingStep('annotation', 'second-too'))
    gate.open()
    await expect(first).rejects.toBeInstanceOf(StaleRun)
    expect((await getVideo(database.db, id)).status).toBe('completed')
    expect(await marksOf(id)).toEqual(['first', 'second', 'second-too'])
    const runs = await stepRunsOf(database.db, id)
    expect(runs.map(({ state }) => state)).toEqual(['done', 'done'])
  })

  it('does not undo that the video was cancelled meanwhile', async () => {
    const id = await insertVideo(database.db, { status: 'pending' })
    const gate = door()
    const first = process(
      id,
      markingStep('frames', 'first', { run: gate.pass }),
      markingStep('annotation', 'first-too'),
    )
    await gate.reached
    const failure = { code: 'cancelled', step: 'processing', message: 'Stopped.', retryable: true }
    await database.db.transaction().execute((trx) => finishVideo(trx, id, { failure }))
    gate.open()
    await expect(first).rejects.toBeInstanceOf(StaleRun)
    expect(await getVideo(database.db, id)).toMatchObject({ status: 'failed', failure })
    expect(await marksOf(id)).toEqual([])
  })

  it('keeps its own scratch files until it ends, and so does the other', async () => {
    const id = await insertVideo(database.db, { status: 'pending' })
    const [gateA, gateB] = [door(), door()]
    const seen: boolean[] = []
    const leaving =
      (gate: ReturnType<typeof door>) =>
      async ({ files }: StepContext) => {
        await writeFile(files.scratch('left'), 'here')
        await gate.pass()
        seen.push(existsSync(files.scratch('left')))
      }
    const first = process(id, markingStep('frames', 'first', { run: leaving(gateA) }))
    await gateA.reached
    const second = process(id, markingStep('frames', 'second', { run: leaving(gateB) }))
    await gateB.reached
    gateA.open()
    await expect(first).rejects.toBeInstanceOf(StaleRun)
    gateB.open()
    await second
    expect(seen).toEqual([true, true])
    expect(await readdir(path.join(folder, 'scratch'))).toEqual([])
  })
})
