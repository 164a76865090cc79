import { pino } from 'pino'

export type Logger = ReturnType<typeof createLogger>

/** Keys whose values never reach a log line, at any of the first three depths. */
const SECRET_KEYS = [
  'token',
  'secretKey',
  'accessKey',
  'authorization',
  'password',
  'cookie',
  'apifyToken',
  'secret',
  'old_secret',
]

/**
 * A JSON logger on standard error; standard output belongs to `--json` answers.
 * `level` is a pino level name (`silent` switches it off).
 */
export function createLogger(level: string) {
  return pino(
    {
      level,
      base: null,
      redact: {
        paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
        censor: '[hidden]',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}

/** The same text with the user-info part of any URL in it hidden: `postgres://[hidden]@host/db`. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/gi, '$1[hidden]@')
}
