import { settingsFromProcess } from '../config/settings.ts'
import { InvalidInputError } from '../errors.ts'
import { serve } from '../serve.ts'
import { ONE_PRESS_MS } from './ingest.ts'
import { printLine } from './report.ts'

const ROLES = ['all', 'api', 'worker'] as const
type Role = (typeof ROLES)[number]

/** `forgeindex serve`: runs until a signal; the first drains, a second stops at once. */
export async function serveCommand(options: {
  host: string
  port: number
  role: string
}): Promise<number> {
  if (!ROLES.includes(options.role as Role)) {
    throw new InvalidInputError(
      'invalid-input',
      `--role: expected ${ROLES.join(', ')}, got ${JSON.stringify(options.role)}.`,
    )
  }
  if (options.port > 65535) {
    throw new InvalidInputError(
      'invalid-input',
      `--port: expected 0 to 65535, got ${options.port}.`,
    )
  }
  return await runUntilSignal({ ...options, role: options.role as Role })
}

/** `forgeindex worker`: background work only, beside a server database. */
export async function workerCommand(): Promise<number> {
  return await runUntilSignal({ host: '127.0.0.1', port: 0, role: 'worker' })
}

async function runUntilSignal(options: { host: string; port: number; role: Role }) {
  const stop = new AbortController()
  let isInterrupt = false
  let since = 0
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted && Date.now() - since > ONE_PRESS_MS) process.exit(130)
    if (stop.signal.aborted) return
    since = Date.now()
    isInterrupt = signal === 'SIGINT'
    process.stderr.write(
      'Stopping: running videos reach their next checkpoint. Again to stop at once.\n',
    )
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  await serve(settingsFromProcess(), {
    ...options,
    signal: stop.signal,
    onReady(address) {
      printLine(
        address
          ? `Forgeindex is at ${address} (API documentation at ${address}/docs). Ctrl-C stops it.`
          : 'Forgeindex works. Ctrl-C stops it.',
      )
    },
  })
  return isInterrupt ? 130 : 0
}
