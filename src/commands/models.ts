import { settingsFromProcess } from '../config/settings.ts'
import { listModels, type ModelListing } from '../models/catalog.ts'
import { installModel } from '../models/install.ts'
import { progressLine } from './progress.ts'
import { printJson, printLine, printTable, reportFailure } from './report.ts'

/** `forgeindex models [list]` */
export async function modelsList(options: { json?: boolean }): Promise<number> {
  const models = await listModels(settingsFromProcess())
  if (options.json) {
    printJson({ items: models.map(listingJson) })
    return 0
  }
  printTable(
    ['name', 'for', 'in use', 'installed', 'size', 'licence'],
    models.map((model) => [
      model.name,
      model.job,
      model.selected ? 'yes' : '',
      model.installed ? 'yes' : 'no',
      model.bytes === null ? '' : `${Math.round(model.bytes / 1e6)} MB`,
      model.licence,
    ]),
  )
  return 0
}

/** `forgeindex models pull [NAME…]`: those in use when none is named. */
export async function modelsPull(names: string[], options: { json?: boolean }): Promise<number> {
  const settings = settingsFromProcess()
  const known = await listModels(settings)
  const wanted =
    names.length > 0
      ? names
      : known.filter((model) => model.selected && !model.installed).map((model) => model.name)
  if (wanted.length === 0 && !options.json) printLine('All models in use are installed.')
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  let exitCode = 0
  const results: { name: string; installed: boolean }[] = []
  for (const name of wanted) {
    const line = progressLine()
    try {
      await installModel(settings, name, {
        signal: stop.signal,
        onProgress({ file, received, total }) {
          const size = `${megabytes(received)}${total ? ` of ${megabytes(total)}` : ''} MB`
          line.show(total ? received / total : null, `${file} ${size}`)
        },
      })
      line.end()
      results.push({ name, installed: true })
      if (!options.json) printLine(`${name} is installed.`)
    } catch (error) {
      line.end()
      results.push({ name, installed: false })
      // One that cannot be had does not keep the others from coming.
      exitCode = Math.max(exitCode, reportFailure(error, options.json ?? false))
      if (stop.signal.aborted) return 130
    }
  }
  if (options.json) printJson({ items: results })
  return exitCode
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

function listingJson(model: ModelListing) {
  return {
    name: model.name,
    job: model.job,
    selected: model.selected,
    installed: model.installed,
    bytes: model.bytes,
    licence: model.licence,
    licence_note: model.licenceNote,
    missing: model.missing,
    urls: model.urls,
    origin: model.origin,
    verification: model.verification,
  }
}
