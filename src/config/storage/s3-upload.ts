import type { Readable } from 'node:stream'
import { AbortMultipartUploadCommand, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'

/** Parts of 8 MiB, three on their way at once: at most about 32 MiB of a body in memory. */
const PART_BYTES = 8 * 1024 * 1024
const PARTS_AT_ONCE = 3
/** S3's limit of parts in one upload. */
const MAX_PARTS = 10_000

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
  await new Upload({
    client: options.signal ? abortable(client, options.signal) : client,
    params: {
      Bucket: target.bucket,
      Key: target.key,
      ContentType: target.contentType,
      Body: body,
    },
    partSize: Math.max(PART_BYTES, Math.ceil((options.bytes ?? 0) / MAX_PARTS)),
    queueSize: PARTS_AT_ONCE,
  }).done()
}

/**
 * The same client with requests that end with the signal, except the one that tidies up. (The
 * library's own abort leaves requests running and does not wait until the parts are removed.)
 */
function abortable(client: S3Client, signal: AbortSignal): S3Client {
  const send = (command: Parameters<S3Client['send']>[0]) =>
    command instanceof AbortMultipartUploadCommand
      ? client.send(command)
      : client.send(command, { abortSignal: signal })
  return Object.assign(Object.create(client), { send })
}
