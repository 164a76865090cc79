import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run } from '../../src/media/process.ts'

/** The servers of the test run that this is part of: a program inherits them unless they are emptied. */
const NO_SERVERS = { FORGEINDEX_TEST_DATABASE_URL: '', FORGEINDEX_TEST_S3_ENDPOINT: '' }

const repository = path.resolve(import.meta.dirname, '../..')

/** A small repository of its own with this one's starters, compiler, linter and test runner. */
export interface MiniRepository extends Disposable {
  folder: string
  /** Writes a file at a path inside it. */
  write(file: string, content: string): void
  /** Runs one of the starters there: `node scripts/<name> …args`. */
  start(
    name: string,
    args?: string[],
    env?: Record<string, string>,
  ): Promise<{ code: number; stdout: string; stderr: string }>
}

/** The repository with `files` in it, and no server that can run. Removed when disposed. */
export function miniRepository(files: Record<string, string>): MiniRepository {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-mini-'))
  const write = (file: string, content: string) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), content)
  }
  // The starters only: scripts in TypeScript belong to the sources that are not copied.
  cpSync(path.join(repository, 'scripts'), path.join(folder, 'scripts'), {
    recursive: true,
    filter: (file) => !file.endsWith('.ts'),
  })
  for (const file of ['tsconfig.json', 'tsconfig.build.json']) {
    cpSync(path.join(repository, file), path.join(folder, file))
  }
  for (const name of ['typescript', '@types', '@biomejs', 'vitest']) {
    mkdirSync(path.join(folder, 'node_modules'), { recursive: true })
    symlinkSync(
      path.join(repository, 'node_modules', name),
      path.join(folder, 'node_modules', name),
    )
  }
  write('package.json', '{ "name": "mini", "type": "module" }')
  write('package-lock.json', '{ "packages": {} }')
  write('node_modules/.package-lock.json', '{ "packages": {} }')
  write('frontend/tsconfig.json', '{ "extends": "../tsconfig.json", "include": ["src"] }')
  write('frontend/src/empty.ts', 'export {}\n')
  write('biome.json', '{ "files": { "includes": ["src/**"] } }\n')
  for (const script of ['postgres.sh', 's3.sh']) {
    write(`scripts/${script}`, 'echo "no package manager here" >&2\nexit 3\n')
  }
  for (const [file, content] of Object.entries(files)) write(file, content)
  return {
    folder,
    write,
    start: (name, args = [], env = {}) =>
      run(process.execPath, [path.join(folder, 'scripts', name), ...args], {
        cwd: folder,
        env: {
          ...currentEnvironment(),
          ...NO_SERVERS,
          FORGEINDEX_YT_DLP: 'yt-dlp',
          FORGEINDEX_CHROMIUM: 'true',
          ...env,
        },
        timeoutMs: 100_000,
      }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** This process's environment without what vitest and a real test run put there. */
function currentEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        !/^(VITEST|FORGEINDEX_|NODE_ENV|TEST|DEV|PROD|MODE)/.test(entry[0]),
    ),
  )
}
