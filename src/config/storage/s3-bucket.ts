import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { InvalidInputError } from '../../errors.ts'
import type { S3Settings } from '../settings.ts'
import { statusOf } from './s3-errors.ts'

/**
 * Makes the bucket if it is missing; another process may make it at the same moment.
 * @throws InvalidInputError `bucket-name-taken`
 */
export async function ensureBucket(client: S3Client, settings: S3Settings): Promise<void> {
  const { bucket, region } = settings
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }))
    return
  } catch (error) {
    if (statusOf(error) !== 404) throw error
  }
  // Only Amazon wants the region named (and refuses its default one); others may not know the name.
  const named = /\.amazonaws\.com(\.cn)?$/.test(new URL(settings.endpoint).hostname)
  const place =
    named && region !== 'us-east-1'
      ? { CreateBucketConfiguration: { LocationConstraint: region as never } }
      : {}
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket, ...place }))
  } catch (error) {
    const name = (error as Error).name
    if (name === 'BucketAlreadyOwnedByYou') return
    if (name !== 'BucketAlreadyExists') throw error
    throw new InvalidInputError(
      'bucket-name-taken',
      `The bucket ${bucket} belongs to somebody else: choose another name in MINIO_BUCKET.`,
      { cause: error },
    )
  }
}

/**
 * Ends multipart uploads begun more than `ageMs` ago: parts left by a killed process are kept, and
 * paid for, until somebody does. A store or key that does not allow it is left alone.
 * Returns how many were ended (the first 1,000 at most, the rest next time).
 */
export async function abortOldUploads(
  client: S3Client,
  bucket: string,
  ageMs: number,
): Promise<number> {
  let ended = 0
  try {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    for (const { Key, UploadId, Initiated } of Uploads) {
      if (!Initiated || Date.now() - Initiated.getTime() < ageMs) continue
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }))
      ended += 1
    }
  } catch (error) {
    const status = statusOf(error)
    // 404: another process ended it; 403, 405, 501: not allowed or not known there.
    if (status === undefined || ![403, 404, 405, 501].includes(status)) throw error
  }
  return ended
}
