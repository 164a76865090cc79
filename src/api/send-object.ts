import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Storage } from '../config/storage.ts'
import { notFound } from '../store/ids.ts'
import { sendProblem } from './problems.ts'

/** How long a signed link works. */
const LINK_SECONDS = 15 * 60

/**
 * Sends a stored object with byte ranges (RFC 9110: 206, 416, If-Range, HEAD), or redirects to a
 * signed link where the store gives one.
 *
 * @throws NotFoundError when the object is not there
 */
export async function sendObject(
  storage: Storage,
  request: FastifyRequest,
  reply: FastifyReply,
  key: string | null,
  options: {
    what: string
    maxAgeSeconds: number
    /** Makes a browser save it under this name. */
    downloadName?: string
  },
) {
  if (!key) throw notFound(options.what, (request.params as { id: string }).id)
  const link = await storage.signedUrl(key, {
    expiresSeconds: LINK_SECONDS,
    ...(options.downloadName ? { downloadName: options.downloadName } : {}),
  })
  if (link) return reply.header('cache-control', 'private, max-age=600').redirect(link, 302)
  const stat = await storage.stat(key)
  if (!stat) throw notFound(options.what, (request.params as { id: string }).id)
  void reply
    .header('accept-ranges', 'bytes')
    .header('etag', stat.etag)
    .header('cache-control', `private, max-age=${options.maxAgeSeconds}`)
    // Uploaded bytes are data, whatever they look like.
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .type(stat.contentType)
  if (options.downloadName) {
    void reply.header('content-disposition', `attachment; filename="${options.downloadName}"`)
  }
  if (request.headers['if-none-match'] === stat.etag) return reply.code(304).send()
  const ifRange = request.headers['if-range']
  const range =
    ifRange === undefined || ifRange === stat.etag
      ? parseRange(request.headers.range, stat.bytes)
      : null
  if (range === 'unsatisfiable') {
    void reply.header('content-range', `bytes */${stat.bytes}`)
    return sendProblem(
      reply,
      416,
      'range-not-satisfiable',
      `The object has ${stat.bytes} bytes; the range lies outside.`,
    )
  }
  const length = range ? range.end - range.start + 1 : stat.bytes
  void reply.header('content-length', length)
  if (range) {
    void reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${stat.bytes}`)
  }
  const { stream } = await storage.get(key, range ?? {})
  // A player that seeks drops the connection: the read must end with it.
  reply.raw.on('close', () => stream.destroy())
  return reply.send(stream)
}

/**
 * A single byte range of `Range`, inclusive. Null when there is none we serve (no header, another
 * unit, several ranges): the whole is sent then, as the standard allows.
 */
export function parseRange(
  header: string | undefined,
  bytes: number,
): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return null
  if (match[1] === '') {
    const suffix = Math.min(Number(match[2]), bytes)
    return suffix === 0 ? 'unsatisfiable' : { start: bytes - suffix, end: bytes - 1 }
  }
  const start = Number(match[1])
  const end = match[2] === '' ? bytes - 1 : Math.min(Number(match[2]), bytes - 1)
  if (match[2] !== '' && Number(match[2]) < start) return null
  return start >= bytes ? 'unsatisfiable' : { start, end }
}
