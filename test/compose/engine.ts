import { execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { testData } from '../support/test-data.ts'

const run = promisify(execFile)
const LONGEST_MS = 1_800_000

/** A Docker engine with compose that the test may use. */
export interface Engine {
  /** One line on what it is. */
  name: string
  /** Environment for the `docker` client. */
  env: NodeJS.ProcessEnv
  /** What a compose file must add so that builds reach the package registries; null: nothing. */
  buildOverride: string | null
  /** Put before a command that shall see the engine's published ports. */
  nearPorts: string[]
  /** Makes the images of the compose file. */
  whileBuilding(build: () => Promise<void>): Promise<void>
  stop(): Promise<void>
}

/**
 * The engine of this machine, else one brought by the scripts in `FORGEINDEX_TEST_INFRA` (default:
 * the folder `infra` beside the shared test data) on a Debian as root, with stand-ins for the public
 * images. A string says why there is none.
 */
export async function findEngine(): Promise<Engine | string> {
  const fault = await faultOf(process.env)
  if (fault === null) {
    return {
      name: 'the engine of this machine',
      env: process.env,
      buildOverride: null,
      nearPorts: [],
      whileBuilding: (build) => build(),
      stop: async () => {},
    }
  }
  const infra = process.env.FORGEINDEX_TEST_INFRA ?? testData('../infra')
  if (!infra || !existsSync(path.join(infra, 'engine.sh'))) {
    return `no Docker engine with compose (${fault}), and no FORGEINDEX_TEST_INFRA to bring one`
  }
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    return `no Docker engine with compose (${fault}); bringing one needs root on Debian`
  }
  return await bringEngine(infra)
}

async function faultOf(env: NodeJS.ProcessEnv): Promise<string | null> {
  try {
    await run('docker', ['info'], { env, timeout: 20_000 })
    await run('docker', ['compose', 'version'], { env, timeout: 20_000 })
    return null
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    return (stderr || message).trim().split('\n').at(-1) ?? 'it does not run'
  }
}

/** Two phases: builds in the machine's own network, containers in a network namespace of their own. */
async function bringEngine(infra: string): Promise<Engine> {
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-engine-'))
  cpSync(infra, folder, { recursive: true })
  const script = (name: string, ...args: string[]) =>
    show('bash', [path.join(folder, name), ...args], process.env)
  const env = await variablesOf(path.join(folder, 'env.sh'))
  return {
    name: 'an engine of its own, with stand-ins for the public images',
    env,
    buildOverride:
      'services: { backend: { build: { network: host } }, frontend: { build: { network: host } } }\n',
    nearPorts: ['nsenter', `--net=/run/netns/${process.env.FX_NETNS ?? 'fxnet'}`],
    async whileBuilding(build) {
      // What an earlier run installed serves again.
      const daemon = path.join(String(env.FX_DOCKER_DIR), 'tools/usr/sbin/dockerd')
      if (!existsSync(daemon)) await script('engine.sh', 'install')
      await script('engine.sh', 'build')
      const present = await run('docker', ['image', 'inspect', 'nginx:stable'], { env }).then(
        () => true,
        () => false,
      )
      if (!present) await script('base-images.sh')
      await run('docker', ['tag', 'minio/minio:latest', storeImage()], { env })
      await build()
      await script('engine.sh', 'net')
    },
    async stop() {
      await script('engine.sh', 'stop')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The name that the compose file gives the object store's image. */
function storeImage(): string {
  const text = readFileSync(path.join(import.meta.dirname, '../../docker-compose.yml'), 'utf8')
  const name = /\$\{MINIO_IMAGE:-([^}]+)\}/.exec(text)?.[1]
  if (!name) throw new Error('docker-compose.yml names no image for the object store')
  return name
}

async function variablesOf(file: string): Promise<NodeJS.ProcessEnv> {
  const { stdout } = await run('bash', ['-c', `. '${file}' && env -0`], { maxBuffer: 1 << 24 })
  return Object.fromEntries(
    stdout
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** Runs a long command with its output on this terminal. */
export function show(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: LONGEST_MS,
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}`))
    })
  })
}
