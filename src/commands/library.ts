import type { Readable } from 'node:stream'
import { Readable as NodeReadable } from 'node:stream'
import { type App, buildApp } from '../api/app.ts'
import { libraryHolder } from '../config/lock.ts'
import { type Settings, settingsFromProcess } from '../config/settings.ts'
import { ConflictError, TransientError } from '../errors.ts'
import { startJobs } from '../jobs.ts'
import { untilNotified } from '../notify/dispatch.ts'
import { openServices, type Services } from '../services.ts'
import { ServerProblem } from './report.ts'

/**
 * The library as commands see it: the HTTP API, either of a server that has the library open, or
 * in this process. So a command does the same and prints the same either way.
 */
export interface Library extends AsyncDisposable {
  settings: Settings
  /** Address of the server that answers; null when this process opened the library itself. */
  server: string | null
  /** One JSON request. @throws ServerProblem with the problem's code and words */
  request<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>
  /** The bytes of an answer. */
  download(path: string): Promise<Readable>
  /** Works the queue in this process until the library is closed; does nothing beside a server. */
  work(): Promise<void>
  /** Lets running work reach its next checkpoint. */
  drain(): Promise<void>
}

/** How long a command that worked the queue waits for receivers of webhooks before it ends. */
const LAST_WORDS_MS = 10_000

/** Opens the library that the environment names. A quiet log: commands speak for themselves. */
export async function openLibrary(): Promise<Library> {
  const settings = settingsFromProcess()
  const holder = settings.databaseUrl ? null : libraryHolder(settings.dataDir)
  if (holder?.url) return remoteLibrary(settings, holder.url, holder.token ?? '')
  const quiet = {
    ...settings,
    logLevel: settings.logLevel === 'info' ? 'error' : settings.logLevel,
  }
  const services = await openServices(quiet)
  return await ownLibrary(quiet, services)
}

async function ownLibrary(settings: Settings, services: Services): Promise<Library> {
  const localToken = services.lock?.token ?? crypto.randomUUID()
  const app = await buildApp(services, { localToken, loopbackOnly: true })
  const headers = { authorization: `Bearer ${localToken}`, host: 'localhost' }
  let isWorking = false
  return {
    settings,
    server: null,
    async request(method, path, body) {
      const answer = await app.inject({
        method,
        url: path,
        headers,
        ...(body === undefined ? {} : { payload: body as object }),
      })
      return readAnswer(answer.statusCode, answer.payload)
    },
    async download(path) {
      const answer = await app.inject({ method: 'GET', url: path, headers, payloadAsStream: true })
      if (answer.statusCode !== 200) {
        readAnswer(answer.statusCode, await textOf(answer.stream()))
      }
      return answer.stream()
    },
    async work() {
      isWorking = true
      await startJobs(services)
    },
    drain: () => services.queue.drain(),
    async [Symbol.asyncDispose]() {
      if (isWorking) await untilNotified(services, LAST_WORDS_MS)
      await (app as App).close()
      await services[Symbol.asyncDispose]()
    },
  }
}

function remoteLibrary(settings: Settings, server: string, token: string): Library {
  const headers = { authorization: `Bearer ${token}` }
  const ask = async (path: string, init: RequestInit) => {
    try {
      return await fetch(new URL(path, server), init)
    } catch (error) {
      throw new TransientError(
        'server-unreachable',
        `The server at ${server} has this library open but does not answer. Wait for it or stop it.`,
        { cause: error },
      )
    }
  }
  return {
    settings,
    server,
    async request(method, path, body) {
      const answer = await ask(path, {
        method,
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return readAnswer(answer.status, await answer.text())
    },
    async download(path) {
      const answer = await ask(path, { headers })
      if (answer.status !== 200 || !answer.body) readAnswer(answer.status, await answer.text())
      return NodeReadable.fromWeb(answer.body as Parameters<typeof NodeReadable.fromWeb>[0])
    },
    work: async () => {},
    drain: async () => {},
    async [Symbol.asyncDispose]() {},
  }
}

function readAnswer<T>(status: number, text: string): T {
  const value = text ? (JSON.parse(text) as T & { code?: string; detail?: string }) : null
  if (status < 400) return value as T
  const code = value?.code ?? 'unexpected'
  const detail = value?.detail ?? `The server answered ${status}.`
  if (status === 409) throw new ConflictError(code, detail)
  throw new ServerProblem(status, code, detail)
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
