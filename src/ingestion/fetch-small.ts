import type { Guard } from './guard.ts'

const TIMEOUT_MS = 20_000

/**
 * A small file (a picture, captions) whole in memory. One that is larger or takes longer than 20 s
 * is given up.
 *
 * @throws Error with a few words; the guard's and the network's own errors
 */
export async function fetchSmall(
  guard: Guard,
  url: string,
  options: { signal: AbortSignal; headers: Record<string, string>; maxBytes: number },
): Promise<Buffer> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(TIMEOUT_MS)])
  const response = await guard.fetch(url, { signal, headers: options.headers })
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`status ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > options.maxBytes) throw new Error(`more than ${options.maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
