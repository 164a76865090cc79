import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { InvalidInputError } from '../../errors.ts'
import type { S3Settings } from '../settings.ts'
import { createS3Client } from './s3-client.ts'

/** A week: the longest that a Signature Version 4 link may live. */
const MAX_SECONDS = 604_800

export interface LinkSigner {
  /** A link for reading `key`, or null without a public address. Makes no request. */
  sign(
    key: string,
    options: { expiresSeconds: number; downloadName?: string; contentType?: string },
  ): Promise<string | null>
  destroy(): void
}

/**
 * Signs links with a client of its own for the public address: the host is part of the signature,
 * so a link made for the internal address cannot be rewritten. The region is given, so nothing is
 * asked of the store.
 *
 * @throws InvalidInputError `invalid-link-lifetime` unless it is 1 to 604,800 whole seconds
 */
export function createLinkSigner(settings: S3Settings): LinkSigner {
  const { publicUrl, bucket } = settings
  const client = publicUrl === null ? null : createS3Client(settings, publicUrl)
  return {
    async sign(key, { expiresSeconds, downloadName, contentType }) {
      if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > MAX_SECONDS) {
        throw new InvalidInputError(
          'invalid-link-lifetime',
          `A link lives 1 to ${MAX_SECONDS} whole seconds; got ${expiresSeconds}.`,
        )
      }
      if (!client) return null
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ResponseContentDisposition: downloadName ? attachment(downloadName) : undefined,
        ResponseContentType: contentType,
      })
      return getSignedUrl(client, command, { expiresIn: expiresSeconds })
    },
    destroy: () => client?.destroy(),
  }
}

/** The header that makes a browser save a file: a plain name, and the true one (RFC 6266, 5987). */
function attachment(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cs}/\\]/gu, '_')
  const plain = clean.replace(/[^\x20-\x7e]|["%]/g, '_')
  const encoded = encodeURIComponent(clean).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
