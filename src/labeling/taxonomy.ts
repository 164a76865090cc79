import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseDocument, stringify } from 'yaml'
import { toError } from '../errors.ts'
import { invalidTaxonomy, issueFaults } from './taxonomy-faults.ts'
import { locateTaxonomy } from './taxonomy-location.ts'
import {
  type ActivityTermFile,
  meaningFaults,
  type TaxonomyFile,
  taxonomyFile,
} from './taxonomy-schema.ts'

/** A word that scored frames may carry. */
export interface Concept {
  name: string
  /** What a frame that shows it may be called; their vectors are averaged. */
  prompts: string[]
  /** Lowest score, 0–1, at which the concept is a label of a frame. */
  threshold: number
  /** Where that number comes from, in words. */
  thresholdOrigin: string
  /** Threshold by embedding model name instead; null: that model never gives this label. */
  modelThresholds: Record<string, number | null>
}

/** A label that a rule asks for; without `source` any source will do. */
export interface ActivityTerm {
  label: string
  source?: 'yolo' | 'clip'
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
  /** Prompts for frames without any concept. */
  background: string[]
  concepts: Concept[]
  activities: ActivityRule[]
  minDurationSeconds: number
  /** Keywords by tag. */
  tags: Record<string, string[]>
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
  return parseTaxonomy(await readFile(file, 'utf8'), path.basename(file))
}

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
    background: file.background,
    concepts: file.concepts.map((concept) => ({
      name: concept.name,
      prompts: concept.prompts,
      threshold: concept.threshold,
      thresholdOrigin: concept.threshold_origin,
      modelThresholds: concept.model_thresholds ?? {},
    })),
    activities: file.activities.map((rule) => ({
      label: rule.label,
      all: (rule.all ?? []).map(alternatives),
      any: (rule.any ?? []).map(alternatives),
      none: (rule.none ?? []).map(alternatives),
      minDurationSeconds: file.min_duration_seconds,
    })),
    minDurationSeconds: file.min_duration_seconds,
    tags: file.tags,
  }
}

/** The taxonomy as a file that reads back to the same content and hash. */
export function taxonomyYaml(taxonomy: Taxonomy): string {
  const entry = (terms: ActivityTerm[]) => {
    const list = terms.map((term) =>
      term.source ? { label: term.label, source: term.source } : term.label,
    )
    return list.length === 1 ? list[0]! : list
  }
  const file = {
    name: taxonomy.name,
    version: taxonomy.version,
    ...(taxonomy.description !== null && { description: taxonomy.description }),
    objects: taxonomy.objects,
    categories: taxonomy.categories,
    background: taxonomy.background,
    concepts: taxonomy.concepts.map((concept) => ({
      name: concept.name,
      prompts: concept.prompts,
      threshold: concept.threshold,
      threshold_origin: concept.thresholdOrigin,
      ...(Object.keys(concept.modelThresholds).length > 0 && {
        model_thresholds: concept.modelThresholds,
      }),
    })),
    activities: taxonomy.activities.map((rule) => ({
      label: rule.label,
      ...(rule.all.length > 0 && { all: rule.all.map(entry) }),
      ...(rule.any.length > 0 && { any: rule.any.map(entry) }),
      ...(rule.none.length > 0 && { none: rule.none.map(entry) }),
    })),
    min_duration_seconds: taxonomy.minDurationSeconds,
    tags: taxonomy.tags,
  }
  return stringify(file, { aliasDuplicateObjects: false })
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
  return (Array.isArray(entry) ? entry : [entry]).map((term) =>
    typeof term === 'string' ? { label: term } : term,
  )
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
    file.background,
    file.concepts.map((concept) => [
      concept.name,
      concept.prompts,
      concept.threshold,
      concept.threshold_origin,
      Object.entries(concept.model_thresholds ?? {}),
    ]),
    file.activities.map((rule) =>
      [rule.label, rule.all, rule.any, rule.none].map((part) =>
        Array.isArray(part) ? part.map(alternatives) : (part ?? []),
      ),
    ),
    file.min_duration_seconds,
    Object.entries(file.tags),
  ]
}
