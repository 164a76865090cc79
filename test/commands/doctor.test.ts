import { describe, expect, it } from 'vitest'
import { judgeDatabase } from '../../src/health.ts'
import { programLibrary } from '../support/program.ts'
import { testDatabaseUrl } from '../support/servers.ts'

interface Doctor {
  checks: { name: string; ok: boolean; detail: string; note?: string }[]
}

describe('the judgement on a pgvector', () => {
  it.each([
    ['server', '0.8.0', true],
    ['server', '0.8.5', true],
    ['server', '0.8.6', false],
    ['server', '0.10.0', false],
    ['server', '1.0', false],
    ['embedded', '0.8.0', false],
  ] as const)('of a %s, version %s: warns is %s', (form, pgvector, warns) => {
    const { ok, detail, note } = judgeDatabase(form, { postgres: '17.6', pgvector })
    expect(ok).toBe(true)
    expect(detail).toBe(`${form} database answers (PostgreSQL 17.6, pgvector ${pgvector})`)
    if (warns)
      expect(note).toMatch(`pgvector 0.8.6 mends faults of its indexes that ${pgvector} has`)
    else expect(note).toBeUndefined()
  })
})

const skipped = testDatabaseUrl() ? '' : ' (skipped: FORGEINDEX_TEST_DATABASE_URL is not set)'
it.skipIf(!testDatabaseUrl())(
  `doctor names the versions of a server and warns of an old pgvector${skipped}`,
  async () => {
    await using library = await programLibrary({}, { form: 'server' })
    const { stdout } = await library.run('doctor', '--json')
    const { checks }: Doctor = JSON.parse(stdout)
    const database = checks.find((check) => check.name === 'database')
    expect(database?.ok).toBe(true)
    const version = /PostgreSQL \d+\.\d+, pgvector (\d+)\.(\d+)\.(\d+)\)$/.exec(
      database?.detail ?? '',
    )
    const [major = 0, minor = 0, patch = 0] = version?.slice(1).map(Number) ?? []
    const isOld = major === 0 && minor === 8 && patch < 6
    expect(database?.note?.includes('ALTER EXTENSION vector UPDATE') ?? false).toBe(isOld)
    // The same for a person: the warning is printed under its line.
    const printed = await library.run('doctor')
    expect(printed.stdout.includes('ALTER EXTENSION vector UPDATE')).toBe(isOld)
  },
)
