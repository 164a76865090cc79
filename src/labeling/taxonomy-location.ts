import { stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { invalidTaxonomy, shown } from './taxonomy-faults.ts'

const MAX_BYTES = 1024 * 1024
const NAME = /^[a-z0-9][a-z0-9_-]*$/i
// The same from src/labeling and dist/labeling.
export const OWN_FOLDER = fileURLToPath(new URL('../../taxonomies', import.meta.url))

/** Whether it is the name of a taxonomy, not the path of one. */
export function isTaxonomyName(nameOrPath: string): boolean {
  return NAME.test(nameOrPath)
}

/**
 * Absolute path of a taxonomy's file; what counts as a name and what as a path is said at
 * `loadTaxonomy`.
 */
export async function locateTaxonomy(
  nameOrPath: string,
  searchDirs: string[],
  allowPaths: boolean,
): Promise<string> {
  const isName = isTaxonomyName(nameOrPath)
  const isPath = /[/\\]/.test(nameOrPath) || /\.ya?ml$/i.test(nameOrPath)
  if (!isName && !(isPath && allowPaths)) {
    throw new InvalidInputError(
      'invalid-taxonomy-name',
      `A taxonomy is named by letters, digits, - and _${allowPaths ? ', or by the path of a .yaml file' : ' here; files cannot be named'}; got ${shown(nameOrPath)}.`,
      { faults: [{ path: 'taxonomy', expected: 'a name', got: shown(nameOrPath) }] },
    )
  }
  const places = isName
    ? [...searchDirs, OWN_FOLDER].map((folder) => path.join(folder, `${nameOrPath}.yaml`))
    : [path.resolve(nameOrPath)]
  for (const place of places) {
    const found = await fileSize(place)
    if (found === null) continue
    if (found <= MAX_BYTES) return place
    throw invalidTaxonomy(path.basename(place), [
      { path: '', expected: `at most ${MAX_BYTES} bytes`, got: `${found} bytes` },
    ])
  }
  throw new NotFoundError(
    'taxonomy-not-found',
    isName
      ? `There is no taxonomy named ${nameOrPath}. Give the name of one under taxonomies/ or the path of a file.`
      : `There is no taxonomy file ${shown(nameOrPath)}. Give the path of a readable .yaml file.`,
  )
}

/** Size of a regular file in bytes; null when there is none that can be read. */
async function fileSize(file: string): Promise<number | null> {
  try {
    const found = await stat(file)
    return found.isFile() ? found.size : null
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG', 'ELOOP'].includes(code)) return null
    throw error
  }
}
