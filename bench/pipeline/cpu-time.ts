import { readFileSync } from 'node:fs'

/** Ticks a second of the times in /proc (sysconf(_SC_CLK_TCK)); 100 on every Linux of today. */
const TICKS = 100

/** CPU seconds that a process used over some time, its children's left out. */
export interface CpuUsed {
  /** All its threads together. */
  seconds: number
  /** The first thread, on which a Node program runs its event loop. */
  firstThreadSeconds: number
}

/** Begins to count; the function that it returns tells what was used since. Null without /proc. */
export function countCpu(pid: number): () => CpuUsed | null {
  const files = [`/proc/${pid}/stat`, `/proc/${pid}/task/${pid}/stat`]
  const before = files.map(secondsIn)
  return () => {
    const [seconds, firstThreadSeconds] = files.map((file, i) => secondsIn(file) - before[i]!)
    return Number.isNaN(seconds)
      ? null
      : { seconds: seconds!, firstThreadSeconds: firstThreadSeconds! }
  }
}

/** utime and stime of proc(5); NaN where there is no /proc. */
function secondsIn(file: string): number {
  try {
    const stat = readFileSync(file, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  } catch {
    return Number.NaN
  }
}
