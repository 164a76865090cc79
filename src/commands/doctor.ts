import { libraryHolder } from '../config/lock.ts'
import { type Settings, settingsFromProcess } from '../config/settings.ts'
import { toError } from '../errors.ts'
import type { Check, Health } from '../health.ts'
import { checkYtDlp } from '../ingestion/yt-dlp.ts'
import { checkFfmpeg } from '../media/tools.ts'
import { listModels } from '../models/catalog.ts'
import { openLibrary } from './library.ts'
import { printJson, printLine } from './report.ts'

interface Finding extends Check {
  name: string
  /** The one command that mends it; absent when all is well or no command can. */
  command?: string
  note?: string
}

/** `forgeindex doctor`: one screen; exit code 1 when something that ingestion needs is missing. */
export async function doctor(options: { json?: boolean }): Promise<number> {
  const settings = settingsFromProcess()
  const findings = [
    await program('ffmpeg', () => checkFfmpeg(settings), ffmpegCommand()),
    await program('yt-dlp', () => checkYtDlp(settings), 'npm run demo -- --once'),
    ...(await stores(settings)),
    ...(await models(settings)),
  ]
  const needed = ['ffmpeg', 'database', 'storage']
  const ok = findings.every((finding) => finding.ok || !needed.includes(finding.name))
  if (options.json) {
    printJson({ ok, node: process.version, data_dir: settings.dataDir, checks: findings })
  } else {
    printLine(`Forgeindex 0.1.0, Node ${process.version}, data in ${settings.dataDir}`)
    for (const finding of findings) {
      printLine(`${finding.ok ? 'ok     ' : 'missing'}  ${finding.name}: ${finding.detail}`)
      if (finding.note) printLine(`         ${finding.note}`)
      if (finding.command) printLine(`         mend it with: ${finding.command}`)
    }
  }
  return ok ? 0 : 1
}

async function program(
  name: string,
  check: () => Promise<Check>,
  command: string,
): Promise<Finding> {
  try {
    const { ok, detail } = await check()
    return { name, ok, detail, ...(ok ? {} : { command }) }
  } catch (error) {
    return { name, ok: false, detail: toError(error).message, command }
  }
}

async function stores(settings: Settings): Promise<Finding[]> {
  try {
    await using library = await openLibrary()
    const health = await library.request<Health>('GET', '/health')
    const server = library.server ? `, served at ${library.server}` : ''
    return [
      {
        name: 'database',
        ...health.checks.database,
        detail: health.checks.database.detail + server,
      },
      { name: 'storage', ...health.checks.storage },
    ]
  } catch (error) {
    const holder = libraryHolder(settings.dataDir)
    // Another command has it open: that is no fault of the library.
    const busy = !settings.databaseUrl && holder !== null
    return [{ name: 'database', ok: busy, detail: toError(error).message }]
  }
}

async function models(settings: Settings): Promise<Finding[]> {
  try {
    return (await listModels(settings))
      .filter((model) => model.selected)
      .map((model) => ({
        name: `model ${model.name}`,
        ok: model.installed,
        detail: model.installed
          ? `installed (${model.licence})`
          : `not installed (${model.job})${model.origin ? `: put ${model.missing.join(', ')} there by hand. ${model.origin}` : ''}`,
        ...(model.licenceNote ? { note: model.licenceNote } : {}),
        ...(model.installed || model.urls.length === 0
          ? {}
          : { command: `${settings.command} models pull ${model.name}` }),
      }))
  } catch (error) {
    return [{ name: 'models', ok: false, detail: toError(error).message }]
  }
}

function ffmpegCommand(): string {
  return process.platform === 'darwin' ? 'brew install ffmpeg' : 'sudo apt-get install -y ffmpeg'
}
