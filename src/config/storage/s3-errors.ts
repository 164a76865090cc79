import { ForgeindexError, InvalidInputError, TransientError, toError } from '../../errors.ts'
import type { S3Settings } from '../settings.ts'
import { errorCode } from './folder-errors.ts'

/** What the SDK's errors carry beyond an Error; every field may be missing. */
interface S3Fault {
  name?: string
  $metadata?: { httpStatusCode?: number }
  $response?: { headers?: Record<string, string> }
}

/** System and SDK names of a connection that failed, broke off or fell silent. */
const NETWORK_FAULTS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'TimeoutError',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** HTTP status of the store's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as S3Fault | undefined)?.$metadata?.httpStatusCode
}

/** The store says that the object (not the bucket) is not there. */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404 && (error as S3Fault).name !== 'NoSuchBucket'
}

/** A fault of the SDK or the network as ours; errors of ours and of the caller's stream stay. */
export function asS3Error(error: unknown, settings: S3Settings): Error {
  if (error instanceof ForgeindexError) return error
  const name = (error as S3Fault | undefined)?.name ?? ''
  const status = statusOf(error)
  const store = `The object store ${settings.endpoint}`
  const options = { cause: error }
  // HEAD answers have no body to name the fault: NotFound is the bucket's, an object's is no error.
  if (name === 'NoSuchBucket' || name === 'NotFound') {
    const message = `${store} has no bucket ${settings.bucket} any more. Start again to make it.`
    return new InvalidInputError('bucket-not-found', message, options)
  }
  if (name === 'AuthorizationHeaderMalformed' || name === 'PermanentRedirect' || status === 301) {
    const message = `${store} serves another region than ${settings.region}: set MINIO_REGION.`
    return new InvalidInputError('storage-wrong-region', message, options)
  }
  if (status === 401 || status === 403) {
    return new InvalidInputError('storage-denied', `${store} ${refusal(name, settings)}`, options)
  }
  if (status === 507 || name === 'XMinioStorageFull' || name === 'QuotaExceeded') {
    return new TransientError('disk-full', `${store} is full (${name || status}).`, options)
  }
  if (status !== undefined && (status >= 500 || status === 429 || status === 408)) {
    const message = `${store} cannot serve this now (${status} ${name}).`
    return new TransientError('storage-failed', message, { ...options, ...retryAfter(error) })
  }
  const fault = networkFault(error)
  if (fault) {
    const message = `${store} does not answer (${fault}). Is it running, and is MINIO_ENDPOINT right?`
    return new TransientError('storage-unreachable', message, options)
  }
  return toError(error)
}

function refusal(name: string, settings: S3Settings): string {
  switch (name) {
    case 'InvalidAccessKeyId':
      return 'does not know the access key: check MINIO_ACCESS_KEY.'
    case 'SignatureDoesNotMatch':
      return 'refuses the secret key: check MINIO_SECRET_KEY.'
    case 'RequestTimeTooSkewed':
      return 'has another time than this machine: set the clock.'
    default:
      return (
        `refuses these keys for the bucket ${settings.bucket}: ` +
        'check MINIO_ACCESS_KEY, MINIO_SECRET_KEY and what they are allowed to do.'
      )
  }
}

/** Name of the connection's fault; an AggregateError (one fault an address) counts as its first. */
function networkFault(error: unknown): string | null {
  const inner = error instanceof AggregateError ? error.errors[0] : error
  const names = [errorCode(inner), (inner as S3Fault | undefined)?.name ?? '']
  return names.find((name) => NETWORK_FAULTS.has(name)) ?? null
}

/** The answer's Retry-After in seconds, as milliseconds. */
function retryAfter(error: unknown): { retryAfterMs?: number } {
  const seconds = Number((error as S3Fault).$response?.headers?.['retry-after'])
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}
}
