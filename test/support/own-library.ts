import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, buildApp } from '../../src/api/app.ts'
import { readSettings } from '../../src/config/settings.ts'
import { startJobs } from '../../src/jobs.ts'
import { openServices, type Services } from '../../src/services.ts'
import { createTestDatabase } from './servers.ts'
import { testData } from './test-data.ts'

/** The stand-in models of the shared test data, by the names that settings take. */
export const REAL_MODELS = {
  CLIP_MODEL: 'mini-vl',
  YOLO_MODEL: 'yolox-nano',
  WHISPER_MODEL: 'base',
}

/** Variables under which the whole pipeline runs on real weights; null without the shared data. */
export function realModels(): Record<string, string> | null {
  const models = testData('models')
  return models ? { ...REAL_MODELS, FORGEINDEX_MODELS_DIR: models } : null
}

/** A whole program on a library of its own: services, API and background work. */
export interface OwnLibrary extends AsyncDisposable {
  services: Services
  app: App
  folder: string
  /** One request as the machine's own user; body and answer are JSON. */
  ask<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<{ status: number; body: T }>
  /** Waits for a task's end, four minutes at most unless told otherwise, and gives it. */
  finished(taskId: string, longestMs?: number): Promise<TaskAnswer>
}

export interface TaskAnswer {
  id: string
  status: string
  videos_found: number
  videos_processed: number
  videos_failed: number
  videos_duplicate: number
  progress: number
  stages: Record<string, number>
  failures: Record<string, number>
  error_message: string | null
}

const TOKEN = 'a-token-for-tests'
const LONGEST_MS = 240_000

/** Opens one; `form` server takes a database of its own on FORGEINDEX_TEST_DATABASE_URL. */
export async function openOwnLibrary(
  variables: Record<string, string> = {},
  options: { form?: 'embedded' | 'server'; work?: boolean } = {},
): Promise<OwnLibrary> {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
  const database = options.form === 'server' ? await createTestDatabase() : null
  const services = await openServices(
    readSettings({
      FORGEINDEX_DATA_DIR: path.join(folder, 'data'),
      LOG_LEVEL: 'silent',
      ...(database ? { DATABASE_URL: database.url } : {}),
      ...variables,
    }),
  )
  const app = await buildApp(services, { localToken: TOKEN, loopbackOnly: true })
  if (options.work !== false) await startJobs(services)
  const ask: OwnLibrary['ask'] = async (method, url, body) => {
    const answer = await app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${TOKEN}`, host: 'localhost' },
      ...(body === undefined ? {} : { payload: body as object }),
    })
    return { status: answer.statusCode, body: answer.payload ? JSON.parse(answer.payload) : null }
  }
  return {
    services,
    app,
    folder,
    ask,
    async finished(taskId, longestMs = LONGEST_MS) {
      const end = Date.now() + longestMs
      for (;;) {
        const { body } = await ask<TaskAnswer>('GET', `/api/tasks/${taskId}`)
        if (['completed', 'failed', 'cancelled'].includes(body.status)) return body
        if (Date.now() > end) throw new Error(`The task did not end: ${JSON.stringify(body)}`)
        await sleep(100)
      }
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      await services[Symbol.asyncDispose]()
      await database?.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
