import { readdir } from 'node:fs/promises'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { loadTaxonomy, type Taxonomy } from './taxonomy.ts'
import { OWN_FOLDER } from './taxonomy-location.ts'

/** A taxonomy that can be chosen, and by what it is asked for. */
export interface ListedTaxonomy {
  nameOrPath: string
  taxonomy: Taxonomy
  /** The one that the settings name. */
  isDefault: boolean
}

/**
 * The taxonomies that come with the program and the one that `chosen` (a name or a path) means, that
 * one first, the others by name. One that cannot be read is left out: whoever asks for it is told why.
 */
export async function listTaxonomies(chosen: string): Promise<ListedTaxonomy[]> {
  const own = (await readdir(OWN_FOLDER))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort()
  const listed: ListedTaxonomy[] = []
  for (const nameOrPath of [chosen, ...own.filter((name) => name !== chosen)]) {
    try {
      const taxonomy = await loadTaxonomy(nameOrPath)
      listed.push({ nameOrPath, taxonomy, isDefault: nameOrPath === chosen })
    } catch (error) {
      if (!(error instanceof InvalidInputError || error instanceof NotFoundError)) throw error
    }
  }
  return listed
}
