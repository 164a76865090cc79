import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../config/database.ts'
import type { Logger } from '../log.ts'
import type { ModelHost } from '../models/host.ts'
import { modelChoices } from '../store/trials.ts'

/** How soon another process's promotion is noticed, in milliseconds. */
const LOOK_MS = 3_000

/**
 * Keeps a process's models those that the library uses: the promoted ones, else the settings'. Looked
 * up before it returns, then every few seconds until disposed.
 */
export async function followModelChoices(
  db: Db,
  models: ModelHost,
  logger: Logger,
): Promise<AsyncDisposable> {
  const stop = new AbortController()
  const look = async () => {
    for (const { job, active } of await modelChoices(db)) models.choose(job, active)
  }
  await look()
  const following = (async () => {
    while (!stop.signal.aborted) {
      await sleep(LOOK_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined)
      if (stop.signal.aborted) return
      await look().catch((error: unknown) => logger.debug({ err: error }, 'model choices'))
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await following
    },
  }
}
