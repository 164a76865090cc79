import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 200
const WORDS = ['a person at a machine', 'welding', 'red car', 'hands with a tool', 'conveyor belt']

/** Milliseconds of one answer at the median and the 95th percentile. */
export interface Latency {
  count: number
  p50: number
  p95: number
}

/** Asks again and again, with a pause between, until `work` has ended. Each question is another text. */
export async function latencyWhile(
  ask: (text: string) => Promise<unknown>,
  work: Promise<unknown>,
): Promise<Latency> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  // Whoever awaits it below hears of its failure.
  over.catch(() => {})
  const times: number[] = []
  for (let n = 0; !isOver; n++) {
    const began = performance.now()
    await ask(`${WORDS[n % WORDS.length]} ${n}`)
    times.push(performance.now() - began)
    await Promise.race([sleep(PAUSE_MS), over.catch(() => {})])
  }
  await over
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.max(0, Math.ceil(times.length * share) - 1)] ?? 0
  return { count: times.length, p50: at(0.5), p95: at(0.95) }
}
