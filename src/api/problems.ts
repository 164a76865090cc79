import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { isDatabaseAway, isDatabaseFull } from '../config/database.ts'
import {
  ConflictError,
  ForgeindexError,
  type InputFault,
  InvalidInputError,
  NotFoundError,
  PermanentError,
  TooLargeError,
  TransientError,
} from '../errors.ts'

const TITLES: Record<number, string> = {
  400: 'Invalid input',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  422: 'Cannot be processed',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not available now',
}

/** A refusal by the API itself: who asks, not what. */
export class AccessError extends ForgeindexError {
  readonly status: 401 | 403

  constructor(status: 401 | 403, code: string, message: string) {
    super(code, message)
    this.status = status
  }
}

/** Sends the one shape that every error has. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  code: string,
  detail: string,
  errors?: InputFault[],
) {
  return reply
    .code(status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({
      type: `urn:forgeindex:problem:${code}`,
      title: TITLES[status] ?? 'Error',
      status,
      code,
      detail,
      ...(errors && errors.length > 0 ? { errors } : {}),
    })
}

/** Every thrown error as a problem: known ones with their own words, others with a fixed text. */
export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.map((issue) =>
      toFault(issue, error.validationContext ?? 'input', request),
    )
    const detail = faults.map((f) => `${f.path}: expected ${f.expected}, got ${f.got}`).join('; ')
    return sendProblem(reply, 400, 'invalid-input', detail, faults)
  }
  const known = statusOf(error)
  if (known) {
    if (error instanceof TransientError && error.retryAfterMs) {
      void reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000))
    }
    const faults = error instanceof InvalidInputError ? error.faults : undefined
    return sendProblem(
      reply,
      known,
      (error as unknown as ForgeindexError).code,
      error.message,
      faults,
    )
  }
  if (isDatabaseFull(error)) {
    return sendProblem(
      reply,
      503,
      'disk-full',
      'The disk of the database is full; nothing was changed. Free some space and send it again.',
    )
  }
  if (isDatabaseAway(error)) {
    return sendProblem(
      reply,
      503,
      'database-unreachable',
      'The database does not answer now; the request was not carried out. Try again shortly.',
    )
  }
  const status = error.statusCode ?? 500
  if (status >= 400 && status < 500) {
    const code =
      status === 413 ? 'too-large' : status === 415 ? 'unsupported-media-type' : 'invalid-input'
    return sendProblem(reply, status, code, error.message)
  }
  // Who went away gets no answer; what their going cut short is no fault of ours.
  const level = request.signal.aborted ? 'debug' : 'error'
  request.log[level]({ err: error, url: request.url }, 'request failed')
  return sendProblem(
    reply,
    500,
    'internal-error',
    'Forgeindex failed to answer this; the log on the server says why.',
  )
}

function statusOf(error: Error): number | null {
  if (error instanceof AccessError) return error.status
  if (error instanceof TooLargeError) return 413
  if (error instanceof InvalidInputError) return 400
  if (error instanceof NotFoundError) return 404
  if (error instanceof ConflictError) return 409
  if (error instanceof PermanentError) return 422
  if (error instanceof TransientError) return 503
  return null
}

/** One zod issue as path, expected, got; an unknown key is named. */
function toFault(
  issue: { keyword: string; instancePath: string; message?: string | undefined; params: unknown },
  context: string,
  request: FastifyRequest,
): InputFault {
  const { keys } = issue.params as { keys?: string[] }
  let path = issue.instancePath.replace(/^\//, '').replaceAll('/', '.')
  if (issue.keyword === 'unrecognized_keys' && keys) {
    return {
      path: keys.map((key) => (path ? `${path}.${key}` : key)).join(', '),
      expected: 'no field of that name',
      got: keys.map((key) => JSON.stringify(key)).join(', '),
    }
  }
  const source =
    context === 'body' ? request.body : context === 'params' ? request.params : request.query
  let value: unknown = source
  const steps = path ? path.split('.') : []
  for (const [depth, key] of steps.entries()) {
    // A list that came as one text (`status=a,b`) is shown whole.
    if (typeof value === 'string') {
      path = steps.slice(0, depth).join('.')
      break
    }
    value = (value as Record<string, unknown> | null | undefined)?.[key]
  }
  const shown = value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing')
  return {
    path: path || context,
    expected: expectedOf(issue),
    got: shown.length > 200 ? `${shown.slice(0, 200)}…` : shown,
  }
}

interface Issue {
  keyword: string
  message?: string | undefined
  params: unknown
}

/** What would have been right, in plain words. */
function expectedOf({ keyword, message, params }: Issue): string {
  const { expected, minimum, maximum, origin, values } = params as {
    expected?: string
    minimum?: number
    maximum?: number
    origin?: string
    values?: unknown[]
  }
  const unit = origin === 'string' ? ' characters' : origin === 'array' ? ' entries' : ''
  if (keyword === 'invalid_type' && expected) return KINDS[expected] ?? expected
  if (keyword === 'too_small') return `at least ${minimum}${unit}`
  if (keyword === 'too_big') return `at most ${maximum}${unit}`
  if (keyword === 'invalid_value' && values) return `one of ${values.map(String).join(', ')}`
  return message ?? 'another value'
}

const KINDS: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  array: 'a list',
  boolean: 'true or false',
  object: 'an object',
}
