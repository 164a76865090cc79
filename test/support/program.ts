import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestDatabase } from './servers.ts'

/** How a program ended. `code` is null when a signal ended it. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The real program, running as a process of its own. */
export interface Program {
  pid: number
  /** Settles when it is gone and its output is read. */
  ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
  /** Waits until standard output or error matches. Throws with all output when it ends before. */
  saw(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
}

/** A library in a folder of its own, for the program to be run on. */
export interface ProgramLibrary extends AsyncDisposable {
  /** Working folder of the programs; the test may write here. */
  folder: string
  dataDir: string
  /** Address of its server database; null for an embedded one. */
  databaseUrl: string | null
  /** Variables that its programs get; later starts see changes. */
  variables: Record<string, string>
  start(...args: string[]): Program
  /** Runs a command to its end. */
  run(...args: string[]): Promise<Ended>
  /** `forgeindex serve` on a free port, ready for requests. */
  serve(...args: string[]): Promise<RunningServer>
  /** Processes of this library that live, children of killed ones included; Linux only, else []. */
  processes(): number[]
}

export interface RunningServer {
  program: Program
  /** Base address of its API. */
  url: string
  /** One JSON request; on an embedded library as the machine's own user. */
  ask<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<{ status: number; body: T }>
}

const PROGRAM = path.join(import.meta.dirname, '../../dist/cli.js')
const LONGEST_MS = 240_000
/** Marks the processes of one library in their environment. */
const MARK = 'TEST_LIBRARY_MARK'

/**
 * A new library's folder, on a server database of its own with `form: 'server'`. Disposing it kills
 * what still runs and removes everything. The compiled program must be there: `npm test` makes it,
 * else `npm run build`.
 */
export async function programLibrary(
  variables: Record<string, string> = {},
  options: { form?: 'embedded' | 'server'; dataDir?: string } = {},
): Promise<ProgramLibrary> {
  if (!existsSync(PROGRAM)) throw new Error('There is no compiled program; run: npm run build')
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
  const dataDir = options.dataDir ?? path.join(folder, 'data')
  const database = options.form === 'server' ? await createTestDatabase() : null
  const mark = randomUUID()
  const own: Record<string, string> = {
    FORGEINDEX_DATA_DIR: dataDir,
    ...(database ? { DATABASE_URL: database.url } : {}),
    ...variables,
  }
  const start = (...args: string[]) =>
    startProgram(args, folder, { ...foreignVariables(), ...own, [MARK]: mark })
  await mkdir(folder, { recursive: true })
  return {
    folder,
    dataDir,
    databaseUrl: database?.url ?? null,
    variables: own,
    start,
    run: (...args) => start(...args).ended,
    async serve(...args) {
      const program = start('serve', '--port', '0', ...args)
      const [, url] = await program.saw(/Forgeindex is at (http:\S+)/)
      const { token } = readLock(dataDir)
      return { program, url: url ?? '', ask: asker(url ?? '', token) }
    },
    processes: () => markedProcesses(mark),
    async [Symbol.asyncDispose]() {
      for (const pid of markedProcesses(mark)) killProcess(pid)
      while (markedProcesses(mark).length > 0) await sleep(20)
      await database?.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Waits until a task of this server has ended, `longestMs` at most, and gives it. */
export async function endOfTask<T extends { status: string }>(
  server: RunningServer,
  taskId: string,
  longestMs = LONGEST_MS,
): Promise<T> {
  const end = Date.now() + longestMs
  for (;;) {
    const { body } = await server.ask<T>('GET', `/api/tasks/${taskId}`)
    if (['completed', 'failed', 'cancelled'].includes(body.status)) return body
    if (Date.now() > end) throw new Error(`The task did not end: ${JSON.stringify(body)}`)
    await sleep(200)
  }
}

function startProgram(args: string[], cwd: string, env: NodeJS.ProcessEnv): Program {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  let changed: () => void = () => undefined
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8')
    child[name].on('data', (chunk: string) => {
      output[name] += chunk
      changed()
    })
  }
  let gone: Ended | null = null
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    // Not `close`: what a killed program started may hold its output open for a while.
    child.once('exit', (code, signal) => {
      setTimeout(() => {
        gone = { code, signal, ...output }
        changed()
        resolve(gone)
      }, 50)
    })
  })
  return {
    pid: pidOf(child),
    ended,
    kill: (signal) => void child.kill(signal),
    async saw(pattern, timeoutMs = 180_000) {
      const end = Date.now() + timeoutMs
      for (;;) {
        const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr)
        if (found) return found
        if (gone || Date.now() > end) {
          const why = gone ? `ended with ${gone.code ?? gone.signal}` : 'was waited for in vain'
          throw new Error(`${args.join(' ')} ${why}: ${output.stdout}\n${output.stderr}`)
        }
        await Promise.race([
          sleep(200),
          new Promise<void>((resolve) => {
            changed = resolve
          }),
        ])
      }
    },
  }
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('The program could not be started.')
  return child.pid
}

function asker(url: string, token: string | null): RunningServer['ask'] {
  return async (method, at, body) => {
    const answer = await fetch(new URL(at, url), {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text ? JSON.parse(text) : null }
  }
}

function readLock(dataDir: string): { token: string | null } {
  const file = path.join(dataDir, 'forgeindex.lock')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { token: null }
}

/** Our environment without the program's own settings: a test says those itself. */
function foreignVariables(): NodeJS.ProcessEnv {
  const settings =
    /^(FORGEINDEX_|MINIO_|DATABASE_URL|CLIP_|YOLO_|WHISPER_|HF_|MAX_VIDEO|LOG_LEVEL|APIFY_)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.test(name)))
}

/** Zombies do not count: their environment is gone. */
function markedProcesses(mark: string): number[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${MARK}=${mark}`)
      } catch {
        return false // it ended meanwhile, or is another user's
      }
    })
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
