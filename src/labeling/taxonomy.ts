import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseDocument } from 'yaml'
import { toError } from '../errors.ts'
import type { Calibration } from './calibration.ts'
import { invalidTaxonomy, issueFaults } from './taxonomy-faults.ts'
import { locateTaxonomy } from './taxonomy-location.ts'
import { meaningFaults } from './taxonomy-meaning.ts'
import { type ActivityTermFile, type TaxonomyFile, taxonomyFile } from './taxonomy-schema.ts'

/** A word that scored frames may carry. */
export interface Concept {
  name: string
  /** What a frame that shows it may be called; their vectors are averaged. */
  prompts: string[]
  /** Lowest score, 0–1, at which the concept is a label of a frame, for a model without calibration. */
  threshold: number
  /** Lowest score at which a label that is there goes on; at most `threshold`. */
  keepThreshold: number
  /** Where these numbers come from, in words. */
  thresholdOrigin: string
  /** Threshold by embedding model name instead; null: that model never gives this label. */
  modelThresholds: Record<string, number | null>
}

/** A label that a rule asks for; without `source` any source will do. */
export interface ActivityTerm {
  label: string
  source?: 'yolo' | 'clip'
  /** How many of it must be on the frame; default 1. */
  count?: number
  /** Lowest confidence, 0–1, at which it counts for a beginning; default: any. */
  minConfidence?: number
  /** Lowest confidence at which it counts for going on; default `minConfidence`. */
  keepConfidence?: number
}

/** Each entry lists terms of which one is enough. Labels of rules are unique in a taxonomy. */
export interface ActivityRule {
  label: string
  /** Every entry must be there. */
  all: ActivityTerm[][]
  /** At least one entry must be there, unless the list is empty. */
  any: ActivityTerm[][]
  /** No entry may be there. */
  none: ActivityTerm[][]
  /** Segments shorter than this many seconds are dropped. */
  minDurationSeconds: number
  /** Seconds without the label that are bridged at most. */
  maxGapSeconds: number
}

/** The words, prompts and rules of one field. See `taxonomies/manufacturing.yaml`. */
export interface Taxonomy {
  name: string
  version: string
  description: string | null
  /** sha256 in hex of the content: comments and layout of the file do not change it. */
  hash: string
  /** Detector label to domain label. */
  objects: Record<string, string>
  /** Keywords by category, in order of preference. */
  categories: Record<string, string[]>
  /** What a prompt is said in, each with one `{}`; the vectors of all are averaged. */
  templates: string[]
  /** Prompts for frames without any concept. */
  background: string[]
  concepts: Concept[]
  activities: ActivityRule[]
  /** For rules that say nothing else. */
  minDurationSeconds: number
  maxGapSeconds: number
  /** Keywords by tag. */
  tags: Record<string, string[]>
  /** By embedding model: what its scores are on background frames. */
  calibrations: Calibration[]
}

/**
 * Reads a taxonomy. A plain name is looked for as `<name>.yaml` in `searchDirs`, then among those
 * that come with the program. Anything with a path separator or ending in .yaml or .yml is a file
 * of the caller's, at most 1 MiB; `allowPaths: false` refuses it, for callers who may not read
 * files of this machine.
 *
 * @throws InvalidInputError `invalid-taxonomy-name` for what is neither, or a path not allowed
 * @throws NotFoundError `taxonomy-not-found`
 * @throws InvalidInputError `invalid-taxonomy` with every fault of the content by its path
 */
export async function loadTaxonomy(
  nameOrPath: string,
  options: { searchDirs?: string[]; allowPaths?: boolean } = {},
): Promise<Taxonomy> {
  const file = await locateTaxonomy(
    nameOrPath,
    options.searchDirs ?? [],
    options.allowPaths ?? true,
  )
  const text = await readFile(file, 'utf8')
  const known = read.get(file)
  if (known?.text === text) return known.taxonomy
  const taxonomy = parseTaxonomy(text, path.basename(file))
  read.delete(file)
  read.set(file, { text, taxonomy })
  const [oldest] = read.keys()
  if (read.size > MOST_READ && oldest) read.delete(oldest)
  return taxonomy
}

/**
 * The last ones by file: each video asks eight times, and reading the YAML takes 25 ms. Nobody changes
 * what is given out.
 */
const read = new Map<string, { text: string; taxonomy: Taxonomy }>()
const MOST_READ = 8

/**
 * A taxonomy from the text of a YAML file; `origin` names it in messages.
 *
 * @throws InvalidInputError `invalid-taxonomy`
 */
export function parseTaxonomy(text: string, origin: string): Taxonomy {
  const data = readYaml(text, origin)
  const parsed = taxonomyFile.safeParse(data)
  const faults = parsed.success
    ? meaningFaults(parsed.data)
    : parsed.error.issues.flatMap((issue) => issueFaults(issue, data))
  if (!parsed.success || faults.length > 0) throw invalidTaxonomy(origin, faults)
  const file = parsed.data
  return {
    name: file.name,
    version: file.version,
    description: file.description ?? null,
    hash: createHash('sha256')
      .update(JSON.stringify(plainFile(file)))
      .digest('hex'),
    objects: file.objects,
    categories: file.categories,
    templates: file.templates,
    background: file.background,
    concepts: file.concepts.map((concept) => ({
      name: concept.name,
      prompts: concept.prompts,
      threshold: concept.threshold,
      keepThreshold: concept.keep_threshold ?? concept.threshold,
      thresholdOrigin: concept.threshold_origin,
      modelThresholds: concept.model_thresholds ?? {},
    })),
    activities: file.activities.map((rule) => ({
      label: rule.label,
      all: (rule.all ?? []).map(alternatives),
      any: (rule.any ?? []).map(alternatives),
      none: (rule.none ?? []).map(alternatives),
      minDurationSeconds: rule.min_duration_seconds ?? file.min_duration_seconds,
      maxGapSeconds: rule.max_gap_seconds ?? file.max_gap_seconds,
    })),
    minDurationSeconds: file.min_duration_seconds,
    maxGapSeconds: file.max_gap_seconds,
    tags: file.tags,
    calibrations: file.calibration.map(({ concepts, ...rest }) => ({
      ...rest,
      concepts: concepts.map(({ keep_threshold, ...concept }) => ({
        ...concept,
        keepThreshold: keep_threshold === undefined ? concept.threshold : keep_threshold,
      })),
    })),
  }
}

/** Plain data of a YAML text. Merge bombs end at the parser's limit of 100 aliases. */
function readYaml(text: string, origin: string): unknown {
  const document = parseDocument(text)
  const faults = document.errors.map((error) => {
    const at = error.linePos?.[0]
    return {
      path: at ? `line ${at.line}, column ${at.col}` : '',
      expected: 'YAML',
      got: error.message.split('\n')[0] ?? error.code,
    }
  })
  if (faults.length > 0) throw invalidTaxonomy(origin, faults)
  try {
    return document.toJS()
  } catch (error) {
    throw invalidTaxonomy(origin, [{ path: '', expected: 'YAML', got: toError(error).message }])
  }
}

function alternatives(entry: ActivityTermFile | ActivityTermFile[]): ActivityTerm[] {
  return (Array.isArray(entry) ? entry : [entry]).map((term) => {
    if (typeof term === 'string') return { label: term }
    const { label, source, count, min_confidence, keep_confidence } = term
    return {
      label,
      ...(source !== undefined && { source }),
      ...(count !== undefined && { count }),
      ...(min_confidence !== undefined && { minConfidence: min_confidence }),
      ...(keep_confidence !== undefined && { keepConfidence: keep_confidence }),
    }
  })
}

/**
 * What the hash covers: one spelling for each meaning. The order of keys counts, because it
 * decides ties between categories.
 */
function plainFile(file: TaxonomyFile): unknown[] {
  return [
    file.name,
    file.version,
    file.description ?? null,
    Object.entries(file.objects),
    Object.entries(file.categories),
    file.templates,
    file.background,
    file.concepts.map((concept) => [
      concept.name,
      concept.prompts,
      concept.threshold,
      concept.keep_threshold ?? concept.threshold,
      concept.threshold_origin,
      Object.entries(concept.model_thresholds ?? {}),
    ]),
    file.activities.map((rule) => [
      rule.label,
      ...[rule.all, rule.any, rule.none].map((part) => (part ?? []).map(alternatives)),
      rule.min_duration_seconds ?? file.min_duration_seconds,
      rule.max_gap_seconds ?? file.max_gap_seconds,
    ]),
    file.min_duration_seconds,
    file.max_gap_seconds,
    Object.entries(file.tags),
    file.calibration.map(({ concepts, ...rest }) => [
      rest.model,
      rest.revision,
      rest.date,
      rest.frames,
      rest.origin,
      rest.shares,
      concepts.map((concept) => [
        concept.name,
        concept.prompts,
        concept.quantiles,
        concept.threshold,
        concept.keep_threshold === undefined ? concept.threshold : concept.keep_threshold,
        concept.origin,
      ]),
    ]),
  ]
}
