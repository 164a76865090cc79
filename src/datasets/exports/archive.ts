import { randomUUID } from 'node:crypto'
import type { Database } from '../../config/database.ts'
import type { Storage } from '../../config/storage.ts'
import { type JobContext, Requeue } from '../../config/task-queue.ts'
import {
  advanceExport,
  beginExport,
  completeExport,
  exportKey,
  findExport,
} from '../../store/exports.ts'
import { exportZip } from './zip.ts'

/** How often a run says how far it is. */
const PROGRESS_MS = 500

/**
 * Makes an export's archive and puts it into the object store. A run that was killed left nothing
 * but its row: the next one begins anew and gives the same bytes at the same key.
 *
 * @throws Requeue when the process drains; whatever database and store throw
 */
export async function buildArchive(
  { database, storage }: { database: Pick<Database, 'db'>; storage: Storage },
  exportId: string,
  { signal, draining }: Pick<JobContext, 'signal' | 'draining'>,
): Promise<void> {
  const { db } = database
  const runId = randomUUID()
  const begun = await beginExport(db, exportId, runId)
  if (!begun) return
  const stop = new AbortController()
  let items = 0
  let saidAt = Date.now()
  const { stream } = await exportZip({ database }, begun.datasetId, {
    async onItem() {
      items++
      if (Date.now() - saidAt < PROGRESS_MS) return
      saidAt = Date.now()
      // Deleted, or another run's by now: the rest would be for nobody.
      if (!(await advanceExport(db, exportId, runId, items))) stop.abort()
    },
  })
  const key = exportKey(begun)
  try {
    const ended = AbortSignal.any([signal, draining, stop.signal])
    const { bytes } = await storage.put(key, stream, { signal: ended })
    if (await completeExport(db, exportId, runId, { bytes, items })) return
  } catch (error) {
    signal.throwIfAborted()
    if (draining.aborted) throw new Requeue()
    if (!stop.signal.aborted) throw error
  } finally {
    stream.destroy()
  }
  // Deleted meanwhile: nobody will ask for the archive. Another run's archive stays, it is the same.
  if (!(await findExport(db, exportId))) await storage.delete(key)
}
