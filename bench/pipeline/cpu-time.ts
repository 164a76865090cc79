import { readFileSync } from 'node:fs'

/** Ticks a second of the times in /proc (sysconf(_SC_CLK_TCK)); 100 on every Linux of today. */
const TICKS = 100

/** CPU seconds that a process has used, its ended children left out; null where there is no /proc. */
export function cpuSeconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  } catch {
    return null
  }
}
