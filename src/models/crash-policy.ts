import { type ForgeindexError, PermanentError, TransientError } from '../errors.ts'
import type { Call, Part } from './call.ts'
import type { ModelForJob } from './protocol.ts'

/** Items that are out together, and what has happened to them. */
export interface Batch {
  id: number
  what: ModelForJob
  group: string
  parts: Part[]
  /** Times that the process died while it held them; those of the signal SIGKILL apart. */
  deaths: number
  kills: number
  /** Milliseconds since the process said something about them. */
  silentMs: number
  /** Whether its turn has come. */
  runs: boolean
}

/** Deaths after which the calls of a batch part ways, and the call that is alone then fails. */
const MAX_DEATHS = 2
/**
 * Kills after which a call fails. A killed process is no proof against what it ran, so a batch gets
 * more of them, in ever smaller parts: 16, 8, 4, 2, 1, and 1 again. That also mends lack of memory.
 */
const MAX_KILLS = 6

/**
 * What becomes of a batch whose process died: it is tried again as it is; then each call's part of it
 * alone; then the call fails.
 */
export function afterCrash(
  crashed: Batch,
  end: { how: string; wasKilled: boolean; output: string },
): { again: Batch[]; failed: { call: Call; error: ForgeindexError }[] } {
  const batch = withoutOver({
    ...crashed,
    deaths: crashed.deaths + (end.wasKilled ? 0 : 1),
    kills: crashed.kills + (end.wasKilled ? 1 : 0),
    silentMs: 0,
    runs: false,
  })
  if (!batch) return { again: [], failed: [] }
  const calls = [...new Set(batch.parts.map(({ call }) => call))]
  if (end.wasKilled && batch.kills < MAX_KILLS) return { again: halves(batch), failed: [] }
  if (!end.wasKilled && batch.deaths < MAX_DEATHS) return { again: [batch], failed: [] }
  if (calls.length > 1) {
    // One more death decides about each.
    const again = calls.map((call) => ({
      ...batch,
      parts: batch.parts.filter((part) => part.call === call),
    }))
    return { again, failed: [] }
  }
  return { again: [], failed: calls.map((call) => ({ call, error: failure(batch, end) })) }
}

/** The batch without items of calls that are over; null when nothing is left. */
export function withoutOver(batch: Batch): Batch | null {
  const parts = batch.parts.filter(({ call }) => !call.isOver)
  if (parts.length === 0) return null
  return parts.length === batch.parts.length ? batch : { ...batch, parts }
}

function halves(batch: Batch): Batch[] {
  const middle = Math.ceil(batch.parts.length / 2)
  return [batch.parts.slice(0, middle), batch.parts.slice(middle)].flatMap((parts) =>
    parts.length > 0 ? [{ ...batch, parts }] : [],
  )
}

function failure(
  batch: Batch,
  { how, wasKilled, output }: { how: string; wasKilled: boolean; output: string },
): ForgeindexError {
  const last = output.trim().split('\n').at(-1)
  const ran = `${batch.what.job} with ${batch.what.model.manifest.name}`
  const why = `(${how}${last ? `: ${last}` : ''})`
  return wasKilled
    ? new TransientError(
        'model-crashed',
        `The model process was killed ${batch.kills} times while it ran ${ran} ${why}. The machine may lack memory for it.`,
      )
    : new PermanentError(
        'model-crashed',
        `The model process died ${batch.deaths} times while it ran ${ran} ${why}. It may lack memory, or the model file may be damaged.`,
      )
}
