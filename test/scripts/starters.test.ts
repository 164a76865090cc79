import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MiniRepository, miniRepository } from './mini-repository.ts'

const PROGRAM = `
process.stdout.write(JSON.stringify({ args: process.argv.slice(2) }))
process.exitCode = 7
`

describe('npm run forgeindex', () => {
  let repository: MiniRepository
  beforeAll(() => {
    repository = miniRepository({ 'src/cli.ts': PROGRAM, 'src/old.ts': 'export const old = 1\n' })
  })
  afterAll(() => repository[Symbol.dispose]())

  it('compiles first, keeps standard output for the program, and takes over its exit code', async () => {
    const { code, stdout, stderr } = await repository.start('run.mjs', ['search', '--json'])
    expect({ code, stdout }).toEqual({ code: 7, stdout: '{"args":["search","--json"]}' })
    expect(stderr).toContain('Compiling')
  })

  it('makes the program runnable by name', () => {
    const link = path.join(repository.folder, 'node_modules/.bin/forgeindex')
    expect(statSync(link).mode & 0o111).not.toBe(0)
  })

  it('does not compile again when nothing changed', async () => {
    const { stderr } = await repository.start('run.mjs', [])
    expect(stderr).toBe('')
  })

  it('compiles anew after a change, and nothing of a removed source is left', async () => {
    rmSync(path.join(repository.folder, 'src/old.ts'))
    repository.write('src/cli.ts', "process.stdout.write('new')\n")
    const { code, stdout } = await repository.start('run.mjs', [])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'new' })
    expect(existsSync(path.join(repository.folder, 'dist/old.js'))).toBe(false)
  })

  it('compiles once when several are started at the same time', async () => {
    repository.write('src/cli.ts', "process.stdout.write('newest')\n")
    const runs = await Promise.all([1, 2, 3].map(() => repository.start('run.mjs', [])))
    expect(runs.map(({ stdout }) => stdout)).toEqual(['newest', 'newest', 'newest'])
    expect(runs.filter(({ stderr }) => stderr.includes('Compiling'))).toHaveLength(1)
  })

  it('goes on after a build that was killed and left its lock', async () => {
    repository.write('src/cli.ts', "process.stdout.write('after')\n")
    repository.write('node_modules/.forgeindex-build.lock/pid', '999999999')
    expect((await repository.start('run.mjs', [])).stdout).toBe('after')
  })

  it("ends with the compiler's words when the sources do not compile", async () => {
    repository.write('src/cli.ts', 'const wrong: number = "text"\nexport { wrong }\n')
    const { code, stdout, stderr } = await repository.start('run.mjs', [])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('src/cli.ts')
  })
})

describe('npm test', () => {
  it('counts lint, types, build and each test, names the skipped, and ends with the tally', async () => {
    using repository = miniRepository({
      'src/cli.ts': 'export const two = 2;\n',
      'test/some.test.ts': `
        import { expect, it } from 'vitest'
        it('passes', () => expect(1).toBe(1))
        it('fails', () => expect(1).toBe(2))
        it.skip('needs a file that is not here', () => {})`,
      'test/broken.test.ts': "throw new Error('cannot load')\n",
    })
    const { code, stdout } = await repository.start('test.mjs')
    const lines = stdout.trim().split('\n')
    expect(lines.filter((line) => line.startsWith('skipped: '))).toEqual([
      'skipped: tests on a real PostgreSQL server: no package manager here',
      'skipped: tests on a real S3 server: no package manager here',
      'skipped: test/some.test.ts > needs a file that is not here',
    ])
    const failed = lines.filter((line) => line.startsWith('failed: ')).sort()
    expect(failed).toHaveLength(2)
    expect(failed[0]).toMatch(/^failed: test\/broken\.test\.ts: /)
    expect(failed[1]).toBe('failed: test/some.test.ts > fails')
    expect(lines.at(-1)).toBe('4 passed, 2 failed, 3 skipped')
    expect(code).toBe(1)
  })

  it('fails on a style fault and on a type fault, one each, even when all tests pass', async () => {
    using repository = miniRepository({
      'src/cli.ts': 'export   const two: string = 2;\n',
      'test/some.test.ts': "import { it } from 'vitest'\nit('passes', () => {})\n",
    })
    const { code, stdout } = await repository.start('test.mjs')
    expect(stdout).toContain('failed: lint (biome ci)')
    expect(stdout).toContain('failed: types (tsc)')
    expect(stdout).toContain('failed: build')
    expect(stdout.trim().split('\n').at(-1)).toBe('1 passed, 3 failed, 2 skipped')
    expect(code).toBe(1)
  })

  it('hands the address of a server that was started to the tests, and stops it', async () => {
    using repository = miniRepository({
      'src/cli.ts': 'export const two = 2;\n',
      'test/some.test.ts': `
        import { expect, it } from 'vitest'
        it('sees it', () => expect(process.env.FORGEINDEX_TEST_S3_ENDPOINT).toBe('http://here?a=b'))`,
    })
    repository.write(
      'scripts/s3.sh',
      'echo "$1" >> calls\n[ "$1" = down ] || echo "FORGEINDEX_TEST_S3_ENDPOINT=http://here?a=b"\n',
    )
    const { code, stdout } = await repository.start('test.mjs')
    expect(stdout.trim().split('\n').at(-1)).toBe('4 passed, 0 failed, 1 skipped')
    expect(code).toBe(0)
    expect(readFileSync(path.join(repository.folder, 'calls'), 'utf8')).toBe('up\ndown\n')
  })
})
