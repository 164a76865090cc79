import { compareVersions } from './config/database.ts'
import { toError } from './errors.ts'
import { checkYtDlp } from './ingestion/yt-dlp.ts'
import { withoutCredentials } from './log.ts'
import { checkFfmpeg } from './media/tools.ts'
import type { Services } from './services.ts'
import { type DatabaseVersions, ping } from './store/ping.ts'
import { type CoolDown, coolDownsNow } from './store/rate-limits.ts'

/** The state of one part. */
export interface Check {
  ok: boolean
  detail: string
  /** What to mend although it works. */
  note?: string
}

export interface Health {
  /** `ok`: everything works. `degraded`: something is missing, but database and storage answer. */
  status: 'ok' | 'degraded' | 'down'
  /** What a person types before a subcommand. */
  commandPrefix: string
  checks: {
    database: Check
    storage: Check
    ffmpeg: Check
    yt_dlp: Check
    models: Record<string, Check & { name: string; command?: string }>
  }
  /** Platforms that are not asked for a while, because they refused us. */
  coolingDown: CoolDown[]
}

/** A live answer is waited for this long; then the last known one is given. */
const PATIENCE_MS = 40
/** Programs and models are looked at this often at most. */
const PROGRAMS_MS = 60_000
/** A store that has not answered for so long counts as away. */
const SILENCE_MS = 10_000
/** Before it: overflows while indexes are built (0.8.2, 0.8.6), damage by vacuum (0.8.3). */
const MENDED_PGVECTOR = '0.8.6'

/** Asks every part how it is; made once per process, so that no question piles up on a busy part. */
export function healthOf(services: Services): () => Promise<Health> {
  const { settings, database, storage, models } = services
  let coolingDown: CoolDown[] = []
  const askDatabase = watched(async () => {
    const check = judgeDatabase(database.form, await ping(database.db))
    coolingDown = await coolDownsNow(database.db)
    return check
  })
  const askStorage = watched(async () => {
    await storage.check()
    return { ok: true, detail: `${storage.kind} storage answers` }
  })
  const askFfmpeg = kept(async () => {
    const { ok, detail } = await checkFfmpeg(settings)
    return { ok, detail }
  })
  const askYtDlp = kept(async () => {
    const { ok, detail } = await checkYtDlp(settings)
    return { ok, detail }
  })
  return async () => {
    const [databaseCheck, storageCheck, ffmpeg, ytDlp] = await Promise.all([
      askDatabase(),
      askStorage(),
      askFfmpeg(),
      askYtDlp(),
    ])
    const modelChecks: Health['checks']['models'] = {}
    for (const job of ['clip', 'detector', 'speech'] as const) {
      try {
        const model = await models.describe(job)
        modelChecks[job] = {
          name: model.ref.name,
          ok: model.installed,
          detail: model.installed ? 'installed' : `not installed: ${model.missing.join('; ')}`,
          ...(model.installed || !model.manifest.files.some((file) => file.url)
            ? {}
            : { command: `${settings.command} models pull ${model.ref.name}` }),
        }
      } catch (error) {
        modelChecks[job] = { name: '', ok: false, detail: toError(error).message }
      }
    }
    const all = [databaseCheck, storageCheck, ffmpeg, ytDlp, ...Object.values(modelChecks)]
    return {
      status: !(databaseCheck.ok && storageCheck.ok)
        ? 'down'
        : all.every((check) => check.ok)
          ? 'ok'
          : 'degraded',
      commandPrefix: settings.command,
      checks: {
        database: databaseCheck,
        storage: storageCheck,
        ffmpeg,
        yt_dlp: ytDlp,
        models: modelChecks,
      },
      coolingDown,
    }
  }
}

/** A server's pgvector is the operator's to update; the embedded one comes with the program. */
export function judgeDatabase(
  form: Services['database']['form'],
  { postgres, pgvector }: DatabaseVersions,
): Check {
  const isOld = form === 'server' && compareVersions(pgvector, MENDED_PGVECTOR) < 0
  return {
    ok: true,
    detail: `${form} database answers (PostgreSQL ${postgres}, pgvector ${pgvector})`,
    ...(isOld && {
      note:
        `pgvector ${MENDED_PGVECTOR} mends faults of its indexes that ${pgvector} has. Update the package ` +
        'on the server, then run in the database: ALTER EXTENSION vector UPDATE',
    }),
  }
}

/**
 * One question at a time; whoever asks waits a moment for it and else gets the answer before. The
 * embedded database has one connection: behind a long write a fresh answer would come late.
 */
function watched(ask: () => Promise<Check>): () => Promise<Check> {
  let last = null as { check: Check; at: number } | null
  let asking: Promise<void> | null = null
  const now = () => {
    asking ??= failSoft(ask)
      .then((check) => {
        last = { check, at: Date.now() }
      })
      .finally(() => {
        asking = null
      })
    return asking
  }
  return async () => {
    const answer = now()
    const isRecent = last !== null && Date.now() - last.at < SILENCE_MS
    await Promise.race([answer, wait(isRecent ? PATIENCE_MS : SILENCE_MS)])
    if (last && Date.now() - last.at < SILENCE_MS) return last.check
    return { ok: false, detail: `no answer for ${SILENCE_MS / 1000} s` }
  }
}

/** The answer of at most a minute ago; after the first one nobody waits. */
function kept(ask: () => Promise<Check>): () => Promise<Check> {
  let last: { check: Promise<Check>; at: number } | null = null
  return () => {
    if (!last) {
      last = { check: failSoft(ask), at: Date.now() }
    } else if (Date.now() - last.at > PROGRAMS_MS) {
      const before = last
      last = { check: before.check, at: Date.now() }
      void failSoft(ask).then((check) => {
        last = { check: Promise.resolve(check), at: Date.now() }
      })
    }
    return last.check
  }
}

async function failSoft(ask: () => Promise<Check>): Promise<Check> {
  try {
    return await ask()
  } catch (error) {
    return { ok: false, detail: withoutCredentials(toError(error).message) }
  }
}

const wait = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref()
  })
