/**
 * Two pieces of work side by side; when one fails the other is stopped, and the fault of the first is
 * thrown once both have let go.
 */
export async function together<A, B>(
  outer: AbortSignal | undefined,
  first: (signal: AbortSignal) => Promise<A>,
  second: (signal: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const stop = new AbortController()
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal
  let fault: { error: unknown } | null = null
  const stopping = (error: unknown) => {
    fault ??= { error }
    stop.abort(error)
    throw error
  }
  const [a, b] = await Promise.allSettled([
    first(signal).catch(stopping),
    second(signal).catch(stopping),
  ])
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value]
  throw (fault as { error: unknown } | null)?.error
}
