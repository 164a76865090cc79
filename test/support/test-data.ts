import { existsSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(
  process.env.FORGEINDEX_TEST_DATA ?? path.join(import.meta.dirname, '../../../shared/data'),
)

/**
 * Absolute path of a file in the shared test data (`FORGEINDEX_TEST_DATA`, default
 * `../shared/data` beside the repository), or null when it is not there: name it in the skip.
 */
export function testData(relativePath: string): string | null {
  const file = path.join(root, relativePath)
  return existsSync(file) ? file : null
}
