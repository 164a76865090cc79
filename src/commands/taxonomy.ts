import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { settingsFromProcess } from '../config/settings.ts'
import { InvalidInputError } from '../errors.ts'
import { calibrate } from '../labeling/calibrate.ts'
import { type ConceptReport, reportConcepts } from '../labeling/concept-report.ts'
import { logOddsOf, scoreConcepts } from '../labeling/concepts.ts'
import { type LabelledFrame, readLabelledFrames } from '../labeling/labelled-frames.ts'
import { embedPrompts } from '../labeling/prompts.ts'
import { loadTaxonomy, type Taxonomy } from '../labeling/taxonomy.ts'
import { withCalibration } from '../labeling/taxonomy-edit.ts'
import { isTaxonomyName, locateTaxonomy } from '../labeling/taxonomy-location.ts'
import { createLogger } from '../log.ts'
import { ModelHost } from '../models/host.ts'
import { progressLine } from './progress.ts'
import { printJson, printLine, printTable } from './report.ts'

interface Options {
  taxonomy?: string
  json?: boolean
}

/** `forgeindex taxonomy test FOLDER`: what the concepts find on frames that a person has labelled. */
export async function taxonomyTest(folder: string, options: Options): Promise<number> {
  const found = await look(folder, options)
  const { taxonomy, model, frames, concepts, background, vectors } = found
  const scores = scoreConcepts(taxonomy, concepts, background, vectors, { model })
  const reports = reportConcepts(taxonomy, model, frames, scores)
  if (options.json) {
    printJson({
      taxonomy: taxonomy.name,
      model: model.name,
      frames: frames.length,
      items: reports.map(reportJson),
    })
    return 0
  }
  printLine(`${taxonomy.name} with ${model.name} on ${frames.length} pictures`)
  printReports(reports)
  for (const { concept, threshold, missed, falseAlarms } of reports) {
    // A silent concept misses all of them, by decision.
    if (threshold === null) continue
    for (const file of missed) printLine(`missed       ${concept}: ${path.relative(folder, file)}`)
    for (const file of falseAlarms) {
      printLine(`false alarm  ${concept}: ${path.relative(folder, file)}`)
    }
  }
  return 0
}

/**
 * `forgeindex taxonomy calibrate FOLDER`: measures the concepts on labelled frames and writes that
 * into the taxonomy's file, or into a copy.
 */
export async function taxonomyCalibrate(
  folder: string,
  options: Options & { out?: string; origin?: string },
): Promise<number> {
  const name = options.taxonomy ?? settingsFromProcess().taxonomy
  if (isTaxonomyName(name) && !options.out) {
    throw new InvalidInputError(
      'taxonomy-not-ours',
      `Expected --out FILE.yaml for a copy, or --taxonomy with the path of a file of yours: ${name} comes with the program. Use the copy with --taxonomy FILE.yaml.`,
    )
  }
  const file = await locateTaxonomy(name, [], true)
  const out = path.resolve(options.out ?? file)
  const { taxonomy, model, frames, concepts, background, vectors } = await look(folder, options)
  const calibration = calibrate(taxonomy, frames, logOddsOf(concepts, background, vectors), {
    model,
    date: new Date().toISOString().slice(0, 10),
    origin: options.origin ?? `Frames in ${path.basename(path.resolve(folder))}.`,
  })
  const text = withCalibration(await readFile(file, 'utf8'), calibration, path.basename(file))
  const draft = `${out}.${process.pid}.tmp`
  await writeFile(draft, text)
  await rename(draft, out)
  if (options.json) {
    printJson({ file: out, model: model.name, frames: calibration.frames })
    return 0
  }
  printTable(
    ['concept', 'threshold', 'goes on at', 'why'],
    calibration.concepts.map((concept) => [
      concept.name,
      concept.threshold === null ? 'silent' : String(concept.threshold),
      concept.keepThreshold === null ? '' : String(concept.keepThreshold),
      concept.origin,
    ]),
  )
  printLine(`Written to ${out} for ${model.name}, from ${calibration.frames} background frames.`)
  return 0
}

/** The taxonomy, its labelled frames, and the vectors of both by the model that the settings name. */
async function look(folder: string, options: Options) {
  const settings = settingsFromProcess()
  const taxonomy: Taxonomy = await loadTaxonomy(options.taxonomy ?? settings.taxonomy)
  const frames: LabelledFrame[] = await readLabelledFrames(folder, taxonomy)
  await using models = new ModelHost(settings, createLogger('error'))
  const { ref } = await models.describe('clip')
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const line = progressLine()
  try {
    const vectors = await models.embedImages(
      frames.map(({ file }) => file),
      {
        signal: stop.signal,
        onProgress: (done) =>
          line.show(done / frames.length, `${done} of ${frames.length} pictures`),
      },
    )
    const prompts = await embedPrompts(taxonomy, (texts) =>
      models.embedTexts(texts, { signal: stop.signal, priority: 'batch' }),
    )
    return {
      taxonomy,
      frames,
      vectors,
      ...prompts,
      model: { name: ref.name, revision: ref.revision },
    }
  } finally {
    line.end()
  }
}

function printReports(reports: ConceptReport[]): void {
  printTable(
    [
      'concept',
      'frames',
      'hits',
      'misses',
      'false alarms',
      'precision',
      'recall',
      'separation',
      'threshold',
      'suggested',
    ],
    reports.map((report) => [
      report.concept,
      String(report.frames),
      String(report.hits),
      String(report.missed.length),
      `${report.falseAlarms.length} of ${report.background}`,
      percent(report.precision),
      percent(report.recall),
      report.separation === null ? '' : report.separation.toFixed(2),
      thresholdText(report.threshold),
      report.suggestion ? thresholdText(report.suggestion.threshold) : '',
    ]),
  )
  const calibrated = reports.filter(({ scoreKind }) => scoreKind === 'background_quantile')
  printLine(
    calibrated.length === reports.length
      ? 'A score is the share of background frames that look less like the concept.'
      : `${reports.length - calibrated.length} of ${reports.length} concepts are not calibrated for this model: their score is a share of a softmax.`,
  )
}

const percent = (share: number | null) => (share === null ? '' : `${Math.round(share * 100)} %`)
const thresholdText = (value: number | null) => (value === null ? 'silent' : value.toFixed(3))

function reportJson(report: ConceptReport) {
  return {
    concept: report.concept,
    score_kind: report.scoreKind,
    threshold: report.threshold,
    frames: report.frames,
    hits: report.hits,
    missed: report.missed,
    background: report.background,
    false_alarms: report.falseAlarms,
    elsewhere: report.elsewhere,
    precision: report.precision,
    recall: report.recall,
    separation: report.separation,
    suggestion: report.suggestion && {
      threshold: report.suggestion.threshold,
      hits: report.suggestion.hits,
      false_alarms: report.suggestion.falseAlarms,
    },
  }
}
