/** The demo's library: a running `forgeindex serve`, its HTTP API, and the commands beside it. */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from '../setup/compiled.mjs'
import { lastLines, root, SetupError } from '../setup/programs.mjs'

const READY_WITHIN_MS = 120_000
const PREFERRED_PORT = 8000

/**
 * Opens the library in `settings.dataDir`: joins the server that already runs on it, or starts one.
 *
 * @returns {Promise<{url: string, joined: boolean, get(route: string): Promise<any>,
 *   post(route: string): Promise<any>, stopped: Promise<number>, stop(): Promise<void>}>} `stopped` is the exit code of the started
 *   server; `stop` leaves a joined one alone
 */
export async function openLibrary(settings) {
  const { libraryHolder } = await import(path.join(root, 'dist/config/lock.js'))
  const running = libraryHolder(settings.dataDir)
  if (running?.url) return { ...client(running.url, settings), ...joinedServer }
  if (running) {
    throw new SetupError(
      `Process ${running.pid} works on the library in ${settings.dataDir}; wait for it or stop it first.`,
    )
  }
  const port = await freePort()
  const server = startServer(settings, port)
  const library = { ...client(`http://127.0.0.1:${port}`, settings), ...server }
  await untilReady(library, server)
  return library
}

const joinedServer = { joined: true, stopped: Promise.resolve(0), stop: async () => {} }

function startServer(settings, port) {
  mkdirSync(settings.dataDir, { recursive: true })
  const log = path.join(settings.dataDir, 'demo-server.log')
  const output = openSync(log, 'w')
  const child = spawn(process.execPath, [program, 'serve', '--port', String(port)], {
    cwd: root,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const stopped = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  })
  return {
    joined: false,
    stopped,
    log,
    async stop() {
      child.kill('SIGTERM')
      await stopped
    },
  }
}

async function untilReady(library, server) {
  const until = Date.now() + READY_WITHIN_MS
  let ended = null
  server.stopped.then((code) => {
    ended = code
  })
  while (Date.now() < until) {
    if (ended !== null) break
    const answer = await fetch(`${library.url}/health`).catch(() => null)
    if (answer) return
    await sleep(200)
  }
  await server.stop()
  throw new SetupError(
    `The server did not start. Its last words, from ${server.log}:\n${lastLines(readFileSync(server.log, 'utf8'), 10)}`,
  )
}

function client(url, settings) {
  const request = async (method, route) => {
    const { libraryHolder } = await import(path.join(root, 'dist/config/lock.js'))
    const token = libraryHolder(settings.dataDir)?.token ?? settings.token
    const answer = await fetch(url + route, {
      method,
      headers: token ? { authorization: `Bearer ${token}` } : {},
    })
    if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  return {
    url,
    /** The JSON answer to a GET. */
    get: (route) => request('GET', route),
    /** The JSON answer to a POST without a body. */
    post: (route) => request('POST', route),
  }
}

/** The preferred port when nothing listens there, else any free one. */
async function freePort() {
  return (await tryPort(PREFERRED_PORT)) ?? (await tryPort(0))
}

function tryPort(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const free = server.address().port
      server.close(() => resolve(free))
    })
  })
}

/**
 * Runs `forgeindex …` with its progress on the terminal.
 *
 * @returns {Promise<{code: number, answer: any}>} `answer` is what `--json` printed, null without
 */
export function forgeindex(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal || code === 130) return reject(new SetupError('Interrupted.'))
      resolve({ code, answer: stdout.trim().startsWith('{') ? JSON.parse(stdout) : null })
    })
  })
}
