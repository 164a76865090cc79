import { migratedNames, openDatabase } from '../config/database.ts'
import { lockLibrary } from '../config/lock.ts'
import { settingsFromProcess } from '../config/settings.ts'
import { TaskQueue } from '../config/task-queue.ts'
import { createLogger } from '../log.ts'
import { printJson, printLine } from './report.ts'

/** `forgeindex migrate`: tables and the queue's own, up to date. Running it again changes nothing. */
export async function migrateCommand(options: { json?: boolean }): Promise<number> {
  const settings = settingsFromProcess()
  using _lock = settings.databaseUrl ? null : lockLibrary(settings.dataDir)
  await using database = await openDatabase(settings)
  await using _queue = await TaskQueue.open(database, createLogger('error'))
  const migrations = await migratedNames(database)
  if (options.json) printJson({ form: database.form, migrations })
  else printLine(`The ${database.form} database is up to date: ${migrations.join(', ')}.`)
  return 0
}
