import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'

/** Parts of 8 MiB, three on their way at once: at most about 32 MiB of a body in memory. */
const PART_BYTES = 8 * 1024 * 1024
const PARTS_AT_ONCE = 3
/** S3's limit of parts in one upload. */
const MAX_PARTS = 10_000
/** What an aborted upload may still take to be removed; then it is left to the sweep at opening. */
const PATIENCE_MS = 5_000

/**
 * Uploads a stream: one request if it fits into one part, else in parts. The object appears when
 * all of it is there. When the stream or a request fails, or the signal is aborted, the parts sent
 * are removed before this throws.
 *
 * @param options.bytes length if known; without it at most 78 GiB (10,000 parts) can be stored
 */
export async function upload(
  client: S3Client,
  target: { bucket: string; key: string; contentType: string },
  body: Readable,
  options: { bytes: number | undefined; signal: AbortSignal | undefined },
): Promise<void> {
  const { signal, bytes = 0 } = options
  using patience = signal ? withPatience(signal) : null
  await new Upload({
    client: signal && patience ? abortable(client, signal, patience.signal) : client,
    params: {
      Bucket: target.bucket,
      Key: target.key,
      ContentType: target.contentType,
      Body: body,
    },
    partSize: Math.max(PART_BYTES, Math.ceil(bytes / MAX_PARTS)),
    queueSize: PARTS_AT_ONCE,
  }).done()
}

/**
 * The same client with requests that end with the signal. Not those that begin an upload or tidy up
 * after it: an upload whose beginning is not awaited cannot be removed. They get some seconds more.
 * (The library's own abort leaves requests running and does not wait until the parts are removed.)
 */
function abortable(client: S3Client, signal: AbortSignal, later: AbortSignal): S3Client {
  const send = (command: Parameters<S3Client['send']>[0]) => {
    const frames =
      command instanceof CreateMultipartUploadCommand ||
      command instanceof AbortMultipartUploadCommand
    return client.send(command, { abortSignal: frames ? later : signal })
  }
  return Object.assign(Object.create(client), { send })
}

/** A signal that is aborted some seconds after the given one; dispose it to stop listening. */
function withPatience(signal: AbortSignal): { signal: AbortSignal } & Disposable {
  const later = new AbortController()
  const wait = () => {
    setTimeout(() => later.abort(signal.reason), PATIENCE_MS).unref()
  }
  signal.addEventListener('abort', wait, { once: true })
  return {
    signal: later.signal,
    [Symbol.dispose]: () => signal.removeEventListener('abort', wait),
  }
}
