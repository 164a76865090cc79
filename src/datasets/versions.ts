import type { Db } from '../config/database.ts'
import { type InputFault, InvalidInputError } from '../errors.ts'
import { createFrozenDataset, type Dataset } from '../store/datasets.ts'
import type { VideoFilters } from '../store/video-filters.ts'
import { describeFilters, filtersJson } from './filters.ts'

/** What a dataset is made from. */
export interface NewDataset {
  /** 1–200 characters; not unique. */
  name: string
  /** At most 10,000 characters. */
  description?: string | null
  filters: VideoFilters
  /**
   * The taxonomy in use, as plain data: exported with every version as taxonomy.yaml. If it has a
   * text `yaml`, that is exported as it is, with the order and comments that JSON would lose.
   */
  taxonomy: object
}

/**
 * Makes a dataset and freezes its version 1: all matching videos that are completed. One that
 * matches nothing is made too, with no videos.
 *
 * @throws InvalidInputError `invalid-dataset`
 */
export async function createDataset(db: Db, dataset: NewDataset): Promise<Dataset> {
  const name = dataset.name.replaceAll('\0', '').trim()
  const description = dataset.description?.replaceAll('\0', '').trim() || null
  const faults: InputFault[] = []
  if (name.length < 1 || name.length > 200) {
    faults.push({ path: 'name', expected: '1 to 200 characters', got: `${name.length} characters` })
  }
  if (description && description.length > 10_000) {
    const got = `${description.length} characters`
    faults.push({ path: 'description', expected: 'at most 10,000 characters', got })
  }
  if (faults.length > 0) {
    const lines = faults.map(
      (fault) => `${fault.path}: expected ${fault.expected}, got ${fault.got}`,
    )
    throw new InvalidInputError('invalid-dataset', `This dataset is wrong: ${lines.join('; ')}.`, {
      faults,
    })
  }
  return await createFrozenDataset(db, {
    name,
    description,
    filters: dataset.filters,
    filtersJson: filtersJson(dataset.filters),
    filtersText: describeFilters(dataset.filters),
    taxonomy: { ...dataset.taxonomy },
  })
}
