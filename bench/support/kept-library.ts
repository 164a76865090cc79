import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { readSettings } from '../../src/config/settings.ts'
import { openServices } from '../../src/services.ts'
import { fillLibrary, type LibrarySize, storePictures } from './fill-library.ts'

const root = path.resolve(import.meta.dirname, '../..')

/**
 * The data folder of an embedded library of that size, pictures included. Made on the first call (ten
 * thousand videos take some minutes) and kept under `.cache/bench` until the tables or the filling
 * change. Who would write into it copies it first.
 */
export async function keptLibrary(size: LibrarySize): Promise<string> {
  const folder = path.join(root, '.cache/bench', `library-${size.videos}-${await hashOf(size)}`)
  if (existsSync(folder)) return folder
  const part = `${folder}.part`
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true })
  {
    await using services = await openServices(
      readSettings({ FORGEINDEX_DATA_DIR: part, LOG_LEVEL: 'warn' }),
    )
    await fillLibrary(services.database.db, size)
    await storePictures(services.storage)
  }
  await rename(part, folder)
  return folder
}

async function hashOf(size: LibrarySize): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(size))
  const migrations = path.join(root, 'migrations')
  for (const name of (await readdir(migrations)).sort()) {
    hash.update(await readFile(path.join(migrations, name)))
  }
  hash.update(await readFile(path.join(import.meta.dirname, 'fill-library.ts')))
  return hash.digest('hex').slice(0, 12)
}
