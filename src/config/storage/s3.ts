import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { addAbortSignal, PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { NotFoundError, TransientError } from '../../errors.ts'
import type { S3Settings } from '../settings.ts'
import type { Storage } from '../storage.ts'
import { beyondTheEnd, checkRange } from './byte-range.ts'
import { contentTypeOf } from './content-type.ts'
import { countBody } from './counted-body.ts'
import { errorCode } from './folder-errors.ts'
import { checkKey, checkPrefix } from './object-key.ts'
import { abortOldUploads, ensureBucket } from './s3-bucket.ts'
import { createS3Client } from './s3-client.ts'
import { asS3Error, isMissing, statusOf } from './s3-errors.ts'
import { createLinkSigner } from './s3-links.ts'
import { deleteListed, listObjects } from './s3-list.ts'
import { upload } from './s3-upload.ts'

/** A health check that takes longer than this counts as no answer. */
const CHECK_TIMEOUT_MS = 5_000
/** An upload begun longer ago than this was left by a process that died. */
const ABANDONED_AFTER_MS = 24 * 3_600_000

/**
 * Opens an S3-compatible store; makes the bucket if it is missing.
 *
 * @throws InvalidInputError `storage-denied`, `bucket-name-taken`, `storage-wrong-region`
 * @throws TransientError `storage-unreachable`, `storage-failed`
 */
export async function openS3Storage(settings: S3Settings): Promise<Storage> {
  const client = createS3Client(settings, settings.endpoint)
  try {
    await ensureBucket(client, settings)
    await abortOldUploads(client, settings.bucket, ABANDONED_AFTER_MS)
  } catch (error) {
    client.destroy()
    throw asS3Error(error, settings)
  }
  return s3Storage(client, settings)
}

function s3Storage(client: S3Client, settings: S3Settings): Storage {
  const { bucket } = settings
  const signer = createLinkSigner(settings)

  const storage: Storage = {
    kind: 's3',

    async put(key, body, { contentType = contentTypeOf(key), bytes, signal } = {}) {
      checkKey(key)
      const known = bytes ?? (body instanceof Readable ? undefined : body.byteLength)
      const counted = countBody(body, { expectedBytes: known, signal })
      const target = { bucket, key, contentType }
      try {
        signal?.throwIfAborted()
        await upload(client, target, counted.stream, { bytes: known, signal })
      } catch (error) {
        signal?.throwIfAborted()
        throw asS3Error(error, settings)
      } finally {
        counted.stream.destroy()
      }
      return { bytes: counted.bytes }
    },

    async putFile(key, file, options = {}) {
      checkKey(key)
      const { size } = await stat(file).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error
        const message = `There is no file ${file} to store.`
        throw new NotFoundError('file-not-found', message, { cause: error })
      })
      const body = createReadStream(file, { highWaterMark: 1 << 20 })
      return storage.put(key, body, { ...options, bytes: size })
    },

    async get(key, { start = 0, end, signal } = {}) {
      checkKey(key)
      checkRange({ start, ...(end === undefined ? {} : { end }) })
      const whole = start === 0 && end === undefined
      const input = whole ? {} : { Range: `bytes=${start}-${end ?? ''}` }
      try {
        const found = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key, ...input }),
          signal ? { abortSignal: signal } : {},
        )
        const bytes = found.ContentLength ?? 0
        return {
          stream: mapped(found.Body as Readable, settings, signal),
          bytes,
          // `bytes 5-9/1000`: the part behind the slash is the whole object's length.
          totalBytes: Number(found.ContentRange?.split('/')[1] ?? bytes),
          contentType: found.ContentType ?? contentTypeOf(key),
        }
      } catch (error) {
        signal?.throwIfAborted()
        if (isMissing(error)) throw notFound(key, error)
        if (statusOf(error) !== 416) throw asS3Error(error, settings)
        // An empty object has no byte 0, so every range of it is refused: from 0 on it is empty.
        const found = await storage.stat(key)
        if (start > 0 || found?.bytes !== 0) throw beyondTheEnd(key, start, found?.bytes ?? null)
        const { contentType } = found
        return { stream: Readable.from([]), bytes: 0, totalBytes: 0, contentType }
      }
    },

    async getFile(key, file, options = {}) {
      const { stream } = await storage.get(key, options)
      const draft = `${file}.${randomUUID()}.part`
      try {
        await mkdir(path.dirname(file), { recursive: true })
        await pipeline(stream, createWriteStream(draft), options)
        await rename(draft, file)
      } catch (error) {
        stream.destroy()
        await rm(draft, { force: true })
        options.signal?.throwIfAborted()
        throw error
      }
    },

    async stat(key) {
      checkKey(key)
      try {
        const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
        return {
          bytes: found.ContentLength ?? 0,
          contentType: found.ContentType ?? contentTypeOf(key),
          etag: found.ETag ?? '',
        }
      } catch (error) {
        if (isMissing(error)) return null
        throw asS3Error(error, settings)
      }
    },

    async *list(prefix) {
      checkPrefix(prefix)
      try {
        for await (const page of listObjects(client, bucket, prefix)) yield* page
      } catch (error) {
        throw asS3Error(error, settings)
      }
    },

    async delete(key) {
      checkKey(key)
      try {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
      } catch (error) {
        if (!isMissing(error)) throw asS3Error(error, settings)
      }
    },

    async deletePrefix(prefix) {
      if (prefix === '') checkKey(prefix)
      checkPrefix(prefix)
      try {
        return await deleteListed(client, bucket, prefix)
      } catch (error) {
        throw asS3Error(error, settings)
      }
    },

    localPath: (key) => {
      checkKey(key)
      return null
    },

    signedUrl: async (key, options) => {
      checkKey(key)
      return signer.sign(key, options)
    },

    async check() {
      const abortSignal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
      try {
        await client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal })
      } catch (error) {
        throw abortSignal.aborted ? silent(settings, error) : asS3Error(error, settings)
      }
    },

    [Symbol.asyncDispose]: async () => {
      client.destroy()
      signer.destroy()
    },
  }
  return storage
}

/** The answer's body with its connection faults turned into ours; ends with the signal. */
function mapped(body: Readable, settings: S3Settings, signal: AbortSignal | undefined): Readable {
  const stream = new PassThrough({ highWaterMark: 1 << 18 })
  body.once('error', (error) => stream.destroy(asS3Error(error, settings)))
  // Who asked may not be listening yet: then a cut would end the process. Reading tells it later.
  stream.on('error', () => {})
  stream.once('close', () => body.destroy())
  if (signal) addAbortSignal(signal, stream)
  return body.pipe(stream)
}

function silent({ endpoint }: S3Settings, cause: unknown): TransientError {
  const message = `The object store ${endpoint} gave no answer within ${CHECK_TIMEOUT_MS / 1000} s.`
  return new TransientError('storage-unreachable', message, { cause })
}

function notFound(key: string, cause: unknown): NotFoundError {
  return new NotFoundError('object-not-found', `There is no stored object ${key}.`, { cause })
}
