import { S3Client } from '@aws-sdk/client-s3'
import type { S3Settings } from '../settings.ts'

/** A first try and up to three more, with the SDK's growing pauses (about 3 s in all). */
const MAX_ATTEMPTS = 4
const CONNECT_TIMEOUT_MS = 5_000
/** Longest silence within a request; a whole transfer may take longer. */
const IDLE_TIMEOUT_MS = 60_000
/** Connections at once; more requests wait for one. */
const MAX_CONNECTIONS = 64

/**
 * A client for one base URL of the store. Checksums only where S3 demands them: several compatible
 * stores refuse or drop the newer ones, and our own SHA-256 is in the database.
 */
export function createS3Client(settings: S3Settings, endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: settings.region,
    // `http://host/bucket/key`: bucket names as host names need DNS that self-hosted stores lack.
    forcePathStyle: true,
    credentials: { accessKeyId: settings.accessKey, secretAccessKey: settings.secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: IDLE_TIMEOUT_MS,
      httpAgent: { keepAlive: true, maxSockets: MAX_CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_CONNECTIONS },
    },
  })
}
