import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Agent, FormData, fetch, type RequestInit, type Response, request } from 'undici'
import type { Database } from '../../src/config/database.ts'
import { type Engine, show } from './engine.ts'

const run = promisify(execFile)
const ROOT = path.join(import.meta.dirname, '../..')

export interface ContainerState {
  service: string
  id: string
  /** Process id on the engine's machine; 0 when it does not run. */
  pid: number
  running: boolean
  /** `healthy`, `starting`, `unhealthy`; null without a health check. */
  health: string | null
  exitCode: number
  restarts: number
}

/** The stack of docker-compose.yml under a project name of its own, reached as a browser would. */
export interface Stack extends AsyncDisposable {
  /** Address of the pages, `http://localhost:PORT`. */
  url: string
  /** Runs `docker compose …` on the stack and gives its standard output. */
  compose(...args: string[]): Promise<string>
  build(): Promise<void>
  /** Adds settings, or changes them; the next `up` brings them in. */
  set(variables: Record<string, string>): Promise<void>
  /** Waits until everything is healthy; returns the seconds it took. */
  up(...args: string[]): Promise<number>
  /** One request to the pages' address, whole or a path of it. */
  fetch(at: string, init?: RequestInit): Promise<Response>
  /** Status of a GET under another host's name, with a token of the caller's own when given. */
  statusAs(host: string, at: string, token?: string): Promise<number>
  ask<T>(method: 'GET' | 'POST', at: string, body?: unknown): Promise<{ status: number; body: T }>
  upload(files: string[]): Promise<{ id: string }>
  containers(): Promise<ContainerState[]>
  /** Ends all processes of a container as a power cut would, by the engine's machine. */
  kill(container: ContainerState): Promise<void>
  /** The library's database, as far as test/support/crash-check.ts asks it. */
  database: Database
}

/** Writes the settings; starts nothing. Disposing it removes containers, networks and volumes. */
export async function openStack(
  engine: Engine,
  options: { project: string; variables: (url: string) => Record<string, string> },
): Promise<Stack> {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
  const port = await freePort()
  const url = `http://localhost:${port}`
  const settings: Record<string, string> = {
    FORGEINDEX_PORT: String(port),
    ...options.variables(url),
  }
  const envFile = path.join(folder, 'stack.env')
  const override = path.join(folder, 'override.yml')
  await writeFile(envFile, lines(settings))
  await writeFile(override, engine.buildOverride ?? 'services: {}\n')
  const base = [
    ...['compose', '--project-directory', ROOT, '-p', options.project, '--env-file', envFile],
    ...['-f', path.join(ROOT, 'docker-compose.yml'), '-f', override],
  ]
  // Settings of the one who runs the tests must not reach the stack.
  const env = withoutSettings(engine.env)
  const compose = async (...args: string[]) =>
    (await run('docker', [...base, ...args], { env, maxBuffer: 1 << 28 })).stdout
  const socketPath = path.join(folder, 'port.sock')
  const isFar = engine.nearPorts.length > 0
  let forward: ChildProcess | null = null
  // Long streams are the point: nothing here may end one for being quiet.
  const dispatcher = new Agent({
    headersTimeout: 600_000,
    bodyTimeout: 600_000,
    ...(isFar ? { connect: { socketPath } } : {}),
  })
  const stack: Stack = {
    url,
    compose,
    build: () => show('docker', [...base, 'build'], env),
    async set(variables) {
      Object.assign(settings, variables)
      await writeFile(envFile, lines(settings))
    },
    async up(...args) {
      const started = performance.now()
      await compose('up', '-d', '--wait', ...args)
      const took = (performance.now() - started) / 1000
      if (isFar) forward ??= await startForward(engine, socketPath, port)
      return took
    },
    fetch: (at, init = {}) => fetch(new URL(at, url), { ...init, dispatcher }),
    async statusAs(host, at, token) {
      const { statusCode, body } = await request(new URL(at, url), {
        headers: { host, ...(token ? { authorization: `Bearer ${token}` } : {}) },
        dispatcher,
      })
      await body.dump()
      return statusCode
    },
    async ask<T>(method: 'GET' | 'POST', at: string, body?: unknown) {
      const answer = await stack.fetch(at, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      return { status: answer.status, body: JSON.parse(await answer.text()) as T }
    },
    async upload(files) {
      const form = new FormData()
      for (const file of files) form.append('file', await openAsBlob(file), path.basename(file))
      const answer = await stack.fetch('/api/upload', { method: 'POST', body: form })
      const text = await answer.text()
      if (answer.status !== 202) throw new Error(`The upload was refused: ${text}`)
      return JSON.parse(text)
    },
    async containers() {
      const ids = (await compose('ps', '-aq')).split('\n').filter(Boolean)
      const { stdout } = await run('docker', ['inspect', ...ids], { env, maxBuffer: 1 << 26 })
      return (JSON.parse(stdout) as Inspected[]).map(stateOf)
    },
    async kill({ id, pid }) {
      // `docker kill` would count as a wish to have it stopped, and no restart would follow.
      if (process.getuid?.() === 0) process.kill(pid, 'SIGKILL')
      else await run('docker', ['kill', '-s', 'KILL', id], { env })
    },
    database: databaseOf((statement) =>
      compose(
        ...['exec', '-T', 'postgres', 'psql', '-U', 'forgeindex', '-qAtX', '-v', 'ON_ERROR_STOP=1'],
        ...['-c', `select coalesce(json_agg(t), '[]') from (${statement}) t`],
      ),
    ),
    async [Symbol.asyncDispose]() {
      await dispatcher.destroy()
      forward?.kill()
      await compose('down', '-v', '-t', '5')
      await rm(folder, { recursive: true, force: true })
    },
  }
  return stack
}

interface Inspected {
  Id: string
  RestartCount: number
  Config: { Labels: Record<string, string> }
  State: { Pid: number; Running: boolean; ExitCode: number; Health?: { Status: string } }
}

function stateOf({ Id, RestartCount, Config, State }: Inspected): ContainerState {
  return {
    service: Config.Labels['com.docker.compose.service'] ?? '',
    id: Id,
    pid: State.Pid,
    running: State.Running,
    health: State.Health?.Status ?? null,
    exitCode: State.ExitCode,
    restarts: RestartCount,
  }
}

/** Its `pool.query` asks psql in the container: the database itself is reachable from nowhere else. */
function databaseOf(psql: (statement: string) => Promise<string>): Database {
  const query = async (statement: string) => ({ rows: JSON.parse(await psql(statement)) })
  return { pool: { query } } as unknown as Database
}

async function startForward(engine: Engine, socket: string, port: number): Promise<ChildProcess> {
  const [program = '', ...args] = [
    ...engine.nearPorts,
    ...[process.execPath, path.join(import.meta.dirname, 'forward.mjs'), socket, String(port)],
  ]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`forward.mjs ended with ${code}`)))
  })
  return child
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function lines(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings =
    /^(FORGEINDEX_|MINIO_|POSTGRES_|DATABASE_|CLIP_|YOLO_|WHISPER_|HF_|MAX_VIDEO|LOG_LEVEL|APIFY_|COMPOSE_)/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !settings.test(name)))
}

/** Waits until `probe` gives something, asking once a second. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | false | undefined>,
  seconds = 300,
): Promise<T> {
  const end = Date.now() + seconds * 1000
  let last = ''
  for (;;) {
    try {
      const found = await probe()
      if (found) return found
    } catch (error) {
      // Something was just killed: an answer may fail meanwhile.
      last = (error as Error).message
    }
    if (Date.now() > end) throw new Error(`Waited ${seconds} s in vain for ${what}. ${last}`)
    await sleep(1000)
  }
}
