import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const SAMPLE_MS = 500

/** Peak resident memory in MiB; null where the system has no /proc. */
export interface PeakMemory {
  /** Of the process itself, as the kernel keeps it (VmHWM). */
  parent: number | null
  /**
   * Of the process and everything under it together, sampled twice a second. What several share
   * counts once: a program that is just being started has all of its parent's memory.
   */
  everything: number | null
}

/** Watches a process and its descendants until `stop` is called. */
export function watchMemory(pid: number): { stop(): Promise<PeakMemory> } {
  const peak: PeakMemory = { parent: null, everything: null }
  let watching = true
  const watch = async () => {
    while (watching) {
      const pids = familyOf(pid)
      const known = peak.everything ?? 0
      // The shares take the kernel long to add up: only where they may be more than before.
      if (sumOf(pids, (member) => statusMiB(member, 'VmRSS')) > known) {
        peak.everything = Math.max(known, Math.round(sumOf(pids, shareMiB)))
      }
      await sleep(SAMPLE_MS)
    }
  }
  const watched = watch()
  return {
    async stop() {
      watching = false
      await watched
      const own = statusMiB(pid, 'VmHWM')
      return { ...peak, parent: own === null ? null : Math.round(own) }
    },
  }
}

function sumOf(pids: number[], sizeOf: (pid: number) => number | null): number {
  return pids.reduce((sum, pid) => sum + (sizeOf(pid) ?? 0), 0)
}

/** A process and its descendants, by the parent numbers in /proc. */
function familyOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of procFolders()) {
    const parent = parentOf(Number(name))
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const family = [pid]
  for (const member of family) family.push(...(children.get(member) ?? []))
  return family
}

function procFolders(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    // Not Linux: no figure.
    return []
  }
}

function parentOf(pid: number): number | null {
  const stat = readProc(pid, 'stat')
  return stat === null ? null : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** Resident memory, of what is shared its part (Pss); null when the process has ended. */
function shareMiB(pid: number): number | null {
  const line = /^Pss:\s+(\d+) kB/m.exec(readProc(pid, 'smaps_rollup') ?? '')
  return line ? Number(line[1]) / 1024 : null
}

/** A size line of /proc/PID/status (proc(5): in kB) as MiB. */
function statusMiB(pid: number, field: 'VmRSS' | 'VmHWM'): number | null {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readProc(pid, 'status') ?? '')
  return line ? Number(line[1]) / 1024 : null
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // It ended between the listing and the reading.
    return null
  }
}
