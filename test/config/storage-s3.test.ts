import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  ListMultipartUploadsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings, type S3Settings, type Settings } from '../../src/config/settings.ts'
import { abortOldUploads } from '../../src/config/storage/s3-bucket.ts'
import { createS3Client } from '../../src/config/storage/s3-client.ts'
import { openStorage, type Storage } from '../../src/config/storage.ts'
import { testStorage } from '../contract/storage.ts'
import { s3TestSettings } from '../support/servers.ts'

const found = s3TestSettings()
const skipped = found ? '' : ' (skipped: FORGEINDEX_TEST_S3_ENDPOINT is not set)'

describe.skipIf(!found)(`S3${skipped}`, () => {
  // The tests are named even when they are skipped; only their bodies need the server.
  const s3 = found as S3Settings
  let client: S3Client
  let storage: Storage
  beforeAll(async () => {
    client = createS3Client(s3, s3.endpoint)
    storage = await openStorage(withS3(s3))
  })
  afterAll(async () => {
    await storage[Symbol.asyncDispose]()
    await abortOldUploads(client, s3.bucket, 0)
    await client.send(new DeleteBucketCommand({ Bucket: s3.bucket }))
    client.destroy()
  })
  const uploads = async () =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))).Uploads ?? []

  testStorage('The S3 driver', () => openStorage(withS3(s3)))

  it('opens a bucket that exists already, even by two openers at once', async () => {
    const fresh = { ...s3, bucket: `forgeindex-test-${randomUUID()}` }
    const both = await Promise.all([openStorage(withS3(fresh)), openStorage(withS3(fresh))])
    await both[0].put('a', Buffer.from('seen by the other'))
    expect((await both[1].stat('a'))?.bytes).toBe(17)
    await both[1].delete('a')
    for (const each of both) await each[Symbol.asyncDispose]()
    await client.send(new DeleteBucketCommand({ Bucket: fresh.bucket }))
  })

  it('keeps a content type that was given', async () => {
    await storage.put('tests/page', Buffer.from('<p>'), { contentType: 'text/html' })
    expect((await storage.stat('tests/page'))?.contentType).toBe('text/html')
    await storage.delete('tests/page')
  })

  it('has no local path', () => {
    expect(storage.kind).toBe('s3')
    expect(storage.localPath('tests/page')).toBeNull()
  })

  it('leaves no parts behind when a put is aborted or its stream fails', async () => {
    const controller = new AbortController()
    async function* body() {
      for (let n = 0; n < 24; n += 1) yield Buffer.alloc(1 << 20)
      const begun = async () => (await uploads()).map(({ Key }) => Key)
      await expect.poll(begun, { timeout: 10_000 }).toEqual(['tests/parts'])
      controller.abort(new Error('stopped by the test'))
      await sleep(60_000, undefined, { ref: false })
    }
    const { signal } = controller
    const put = storage.put('tests/parts', Readable.from(body()), { signal })
    await expect(put).rejects.toThrow('stopped by the test')
    expect(await uploads()).toEqual([])

    async function* broken() {
      for (let n = 0; n < 24; n += 1) yield Buffer.alloc(1 << 20)
      throw new Error('the source broke')
    }
    await expect(storage.put('tests/parts', Readable.from(broken()))).rejects.toThrow('the source')
    expect(await uploads()).toEqual([])
  })

  it('ends uploads that a killed process left, once they are old enough', async () => {
    const target = { Bucket: s3.bucket, Key: 'tests/left' }
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target))
    const part = { ...target, UploadId, PartNumber: 1, Body: Buffer.alloc(1000) }
    await client.send(new UploadPartCommand(part))
    expect(await abortOldUploads(client, s3.bucket, 3_600_000)).toBe(0)
    expect((await uploads()).length).toBe(1)
    expect(await abortOldUploads(client, s3.bucket, 0)).toBe(1)
    expect(await uploads()).toEqual([])
  })

  describe('a signed link', () => {
    const key = 'tests/links/Müller & Söhne #1.mp4'
    beforeAll(() => storage.put(key, Buffer.from('0123456789')))
    afterAll(() => storage.delete(key))

    it('reads the object without credentials, with ranges and a download name', async () => {
      const link = await storage.signedUrl(key, {
        expiresSeconds: 60,
        downloadName: 'Zürich/"5%".mp4',
      })
      const whole = await fetch(link ?? '')
      expect([whole.status, await whole.text()]).toEqual([200, '0123456789'])
      expect(whole.headers.get('content-type')).toBe('video/mp4')
      expect(whole.headers.get('content-disposition')).toBe(
        'attachment; filename="Z_rich__5__.mp4"; filename*=UTF-8\'\'Z%C3%BCrich_%225%25%22.mp4',
      )
      const part = await fetch(link ?? '', { headers: { range: 'bytes=2-4' } })
      expect([part.status, await part.text()]).toEqual([206, '234'])
      expect(part.headers.get('content-range')).toBe('bytes 2-4/10')
    })

    it('is refused once it has expired, and for another key', async () => {
      const link = (await storage.signedUrl(key, { expiresSeconds: 1 })) ?? ''
      expect((await fetch(link.replace('%231', '%232'))).status).toBe(403)
      await sleep(2_100)
      expect((await fetch(link)).status).toBe(403)
    })

    it.each([0, -1, 1.5, 604_801, Number.NaN])('of %d seconds is InvalidInputError', async (n) => {
      await expect(storage.signedUrl(key, { expiresSeconds: n })).rejects.toMatchObject({
        code: 'invalid-link-lifetime',
      })
    })

    it('is null without MINIO_PUBLIC_URL', async () => {
      await using inner = await openStorage(withS3({ ...s3, publicUrl: null }))
      expect(await inner.signedUrl(key, { expiresSeconds: 60 })).toBeNull()
    })

    it('is made for the public host without dialling it', async () => {
      const publicUrl = 'https://media.example.invalid'
      await using inner = await openStorage(withS3({ ...s3, publicUrl, region: 'eu-central-1' }))
      const link = new URL((await inner.signedUrl(key, { expiresSeconds: 60 })) ?? '')
      expect(link.origin).toBe(publicUrl)
      expect(link.searchParams.get('X-Amz-Expires')).toBe('60')
      expect(link.searchParams.get('X-Amz-Credential')).toContain('/eu-central-1/s3/')
    })
  })

  it.each([
    ['a wrong secret key', { secretKey: 'not-the-secret' }, 'storage-denied'],
    ['an unknown access key', { accessKey: 'nobody' }, 'storage-denied'],
  ])('%s is refused at opening with a sentence', async (_, wrong, code) => {
    await expect(openStorage(withS3({ ...s3, ...wrong }))).rejects.toMatchObject({
      name: 'InvalidInputError',
      code,
      message: expect.stringMatching(/MINIO_(ACCESS|SECRET)_KEY/),
    })
  })

  it('a bucket that was deleted under us is said, not taken for missing objects', async () => {
    const fresh = { ...s3, bucket: `forgeindex-test-${randomUUID()}` }
    await using inner = await openStorage(withS3(fresh))
    await client.send(new DeleteBucketCommand({ Bucket: fresh.bucket }))
    await expect(inner.get('a')).rejects.toMatchObject({ code: 'bucket-not-found' })
    await expect(inner.put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'bucket-not-found',
    })
    await expect(inner.check()).rejects.toMatchObject({ code: 'bucket-not-found' })
  })
})

function withS3(settings: S3Settings): Settings {
  return { ...readSettings({}), s3: settings }
}
