import { existsSync, statSync, utimesSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { programLibrary } from '../support/program.ts'
import { testDatabaseUrl } from '../support/servers.ts'

const skipped = testDatabaseUrl() ? '' : ' (skipped: FORGEINDEX_TEST_DATABASE_URL is not set)'

it.skipIf(!testDatabaseUrl())(
  `a worker renews its sign of life until it is stopped${skipped}`,
  async () => {
    await using library = await programLibrary({}, { form: 'server' })
    await mkdir(library.dataDir, { recursive: true })
    const file = path.join(library.dataDir, 'worker.alive')
    const worker = library.start('worker')
    await expect.poll(() => existsSync(file), { timeout: 30_000 }).toBe(true)
    utimesSync(file, 0, 0)
    await expect
      .poll(() => Date.now() - statSync(file).mtimeMs, { timeout: 15_000 })
      .toBeLessThan(15_000)
    worker.kill('SIGTERM')
    expect((await worker.ended).code).toBe(0)
  },
)
