import path from 'node:path'
import { type Database, openDatabase } from './config/database.ts'
import { type LibraryLock, lockLibrary } from './config/lock.ts'
import type { Settings } from './config/settings.ts'
import { openStorage, type Storage } from './config/storage.ts'
import { TaskQueue } from './config/task-queue.ts'
import type { Platform, Source } from './ingestion/discovery/source.ts'
import { openSources } from './ingestion/discovery/sources.ts'
import { uploadSource } from './ingestion/discovery/upload.ts'
import { shareLimits } from './ingestion/limits.ts'
import { createLogger, type Logger } from './log.ts'
import { ModelHost } from './models/host.ts'
import { sweepScratch } from './pipeline/video-files.ts'
import { dropAllLeases } from './store/rate-limits.ts'
import { followModelChoices } from './tasks/model-choices.ts'

/** The open parts of a running program. Built only by entry files, closed by disposing it. */
export interface Services extends AsyncDisposable {
  settings: Settings
  logger: Logger
  /** Held while the embedded database is open; null on a server. */
  lock: LibraryLock | null
  database: Database
  storage: Storage
  queue: TaskQueue
  models: ModelHost
  sources: Record<Platform, Source>
}

/** Opens everything that the settings name, in order; what was opened is closed again if a later part fails. */
export async function openServices(settings: Settings): Promise<Services> {
  const logger = createLogger(settings.logLevel)
  const opened: (Disposable | AsyncDisposable)[] = []
  const open = <T extends Disposable | AsyncDisposable>(part: T): T => {
    opened.push(part)
    return part
  }
  try {
    const lock = settings.databaseUrl ? null : open(lockLibrary(settings.dataDir))
    await sweepScratch(path.join(settings.dataDir, 'scratch'))
    const storage = open(await openStorage(settings, { isAlone: lock !== null }))
    const database = open(await openDatabase(settings))
    const models = open(new ModelHost(settings, logger))
    open(await followModelChoices(database.db, models, logger))
    const queue = open(await TaskQueue.open(database, logger))
    // One process alone: leases of a killed one are nobody's.
    if (lock) await dropAllLeases(database.db)
    shareLimits(settings, database.db, logger)
    const sources = { ...openSources(settings, logger), upload: uploadSource(storage) }
    return {
      settings,
      logger,
      lock,
      database,
      storage,
      queue,
      models,
      sources,
      [Symbol.asyncDispose]: () => closeAll(opened),
    }
  } catch (error) {
    await closeAll(opened)
    throw error
  }
}

/** Last opened, first closed. */
async function closeAll(opened: (Disposable | AsyncDisposable)[]): Promise<void> {
  for (let part = opened.pop(); part; part = opened.pop()) {
    if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]()
    else part[Symbol.dispose]()
  }
}
