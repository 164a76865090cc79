/**
 * Runs `work` for every item, `width` at a time at most, and gives what failed, in the items' order.
 * One that fails stops no other; an aborted signal starts no more.
 */
export async function runBounded<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<unknown>,
  options: { onDone?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<{ item: T; error: unknown }[]> {
  const failures: { index: number; item: T; error: unknown }[] = []
  let next = 0
  let done = 0
  const lane = async () => {
    while (next < items.length && !options.signal?.aborted) {
      const index = next++
      const item = items[index] as T
      try {
        await work(item)
      } catch (error) {
        failures.push({ index, item, error })
      }
      options.onDone?.(++done)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
  return failures.sort((a, b) => a.index - b.index).map(({ item, error }) => ({ item, error }))
}
