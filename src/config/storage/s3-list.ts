import { DeleteObjectsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { TransientError } from '../../errors.ts'
import type { StoredObject } from '../storage.ts'

/**
 * The objects with that prefix, a page of up to 1,000 (S3's limit) at a time.
 *
 * @throws TransientError `storage-listing-broken`: an answer says that there is more but not how to
 *   get it. Ending there would silently lose objects from exports.
 */
export async function* listObjects(
  client: S3Client,
  bucket: string,
  prefix: string,
): AsyncGenerator<StoredObject[]> {
  let token: string | undefined
  for (;;) {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
    )
    yield (page.Contents ?? []).map((object) => ({
      key: object.Key ?? '',
      bytes: object.Size ?? 0,
      modifiedAt: object.LastModified ?? new Date(0),
    }))
    if (!page.IsTruncated) return
    if (!page.NextContinuationToken || page.NextContinuationToken === token) {
      throw new TransientError(
        'storage-listing-broken',
        `The object store cut its listing of ${bucket}/${prefix} short without saying how to go on.`,
      )
    }
    token = page.NextContinuationToken
  }
}

/** Deletes the objects with that prefix, a page with one request; returns how many. */
export async function deleteListed(
  client: S3Client,
  bucket: string,
  prefix: string,
): Promise<number> {
  let deleted = 0
  for await (const page of listObjects(client, bucket, prefix)) {
    if (page.length === 0) continue
    const answer = await client.send(
      new DeleteObjectsCommand({
        Bucket: bucket,
        Delete: { Objects: page.map(({ key }) => ({ Key: key })), Quiet: true },
      }),
    )
    const failed = answer.Errors?.[0]
    if (failed) {
      throw new TransientError(
        'storage-failed',
        `The object store did not delete ${failed.Key}: ${failed.Code} ${failed.Message ?? ''}`,
      )
    }
    deleted += page.length
  }
  return deleted
}
