import { pipeline, Readable, Transform } from 'node:stream'
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
  const stream = new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, pass) {
      bytes += chunk.byteLength
      pass(null, chunk)
    },
    flush(end) {
      const whole = expectedBytes === undefined || bytes === expectedBytes
      end(whole ? null : cutShort(expectedBytes, bytes))
    },
  })
  const stop = () => stream.destroy(signal?.reason)
  // Also destroys the source when the stream ends early, and the stream when the source fails; the
  // error is the reader's to see, here it is only known not to be fatal.
  pipeline(source, stream, () => signal?.removeEventListener('abort', stop))
  stream.on('error', () => {})
  if (signal?.aborted) stop()
  else signal?.addEventListener('abort', stop, { once: true })
  return {
    stream,
    get bytes() {
      return bytes
    },
  }
}

function cutShort(expectedBytes: number, bytes: number): TransientError {
  return new TransientError(
    'object-cut-short',
    `${expectedBytes} bytes were announced but ${bytes} came; nothing was stored.`,
  )
}
