import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { buildApp } from './api/app.ts'
import type { Settings } from './config/settings.ts'
import { ConflictError, InvalidInputError } from './errors.ts'
import { startJobs } from './jobs.ts'
import { openServices } from './services.ts'

export interface ServeOptions {
  host: string
  port: number
  /** What this process does: answer HTTP, work jobs, or both. */
  role: 'all' | 'api' | 'worker'
  /** Called when requests are answered. */
  onReady?(address: string): void
  /** Drains when aborted: no new work, running videos stop at their next checkpoint. */
  signal: AbortSignal
}

const LIFE_SIGN_MS = 10_000
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1'])

/**
 * Runs the HTTP API and the background work until `signal`, then drains.
 *
 * @throws InvalidInputError `token-required` when it would listen beyond loopback without a token
 * @throws ConflictError `port-in-use`, `library-in-use`
 */
export async function serve(settings: Settings, options: ServeOptions): Promise<void> {
  const loopbackOnly = LOOPBACK.has(options.host)
  if (!loopbackOnly && !settings.token && options.role !== 'worker') {
    throw new InvalidInputError(
      'token-required',
      `Listening on ${options.host} is open to other machines: set FORGEINDEX_TOKEN first, or use --host 127.0.0.1.`,
    )
  }
  if (options.role === 'worker' && !settings.databaseUrl) {
    throw new InvalidInputError(
      'embedded-worker',
      'The embedded database takes one process: `forgeindex serve` works its jobs itself. ' +
        'Set DATABASE_URL to run separate workers.',
    )
  }
  await using services = await openServices(settings)
  const app =
    options.role === 'worker'
      ? null
      : await buildApp(services, { localToken: services.lock?.token ?? null, loopbackOnly })
  try {
    if (app) {
      const address = await listen(app, options)
      services.lock?.announce(address)
      options.onReady?.(address)
    } else {
      options.onReady?.('')
    }
    if (options.role !== 'api') await startJobs(services)
    using _sign = options.role === 'worker' ? showLife(settings.dataDir) : null
    await new Promise<void>((resolve) => {
      if (options.signal.aborted) resolve()
      options.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await services.queue.drain()
  } finally {
    await app?.close()
  }
}

/** A worker answers no requests: the age of this file tells a health check that it goes on. */
function showLife(dataDir: string): Disposable {
  const show = () => {
    // A full disk leaves the file to age, which is the truth.
    writeFile(path.join(dataDir, 'worker.alive'), '').catch(() => undefined)
  }
  show()
  const timer = setInterval(show, LIFE_SIGN_MS)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

async function listen(
  app: Awaited<ReturnType<typeof buildApp>>,
  { host, port }: ServeOptions,
): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new ConflictError(
        'port-in-use',
        `Port ${port} on ${host} is in use by another program. Choose one with --port.`,
        { cause: error },
      )
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new InvalidInputError(
        'cannot-listen',
        `Cannot listen on ${host}:${port} (${code}). Choose another --host or a --port above 1023.`,
        { cause: error },
      )
    }
    throw error
  }
}
