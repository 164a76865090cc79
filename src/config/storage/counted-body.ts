import { Readable } from 'node:stream'
import { TransientError } from '../../errors.ts'

/** A body on its way into the store, and how many bytes of it have passed. */
export interface CountedBody {
  stream: Readable
  readonly bytes: number
}

/**
 * A stream of the same bytes that counts them, ends with the signal, and fails at its end when
 * `expectedBytes` is given and another number came. Destroying it destroys `body`.
 *
 * @throws TransientError `object-cut-short` on the stream
 */
export function countBody(
  body: Buffer | Uint8Array | Readable,
  options: { expectedBytes?: number | undefined; signal?: AbortSignal | undefined },
): CountedBody {
  const { expectedBytes, signal } = options
  let bytes = 0
  const source = body instanceof Readable ? body : Readable.from([body])
  // The loop below throws the source's error; without a listener, one before its start would be fatal.
  source.on('error', () => {})
  async function* counted() {
    for await (const chunk of source) {
      const data: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      bytes += data.byteLength
      yield data
    }
    if (expectedBytes !== undefined && bytes !== expectedBytes) {
      throw new TransientError(
        'object-cut-short',
        `${expectedBytes} bytes were announced but ${bytes} came; nothing was stored.`,
      )
    }
  }
  const stream = Readable.from(counted(), { objectMode: false, highWaterMark: 1 << 20 })
  // A source that waits for its next chunk is woken only by its own end.
  const stop = () => source.destroy(signal?.reason)
  stream.once('close', () => {
    signal?.removeEventListener('abort', stop)
    if (!source.destroyed) source.destroy()
  })
  if (signal?.aborted) stop()
  else signal?.addEventListener('abort', stop, { once: true })
  return {
    stream,
    get bytes() {
      return bytes
    },
  }
}
