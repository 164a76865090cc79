import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'

const dist = path.resolve(import.meta.dirname, '../../dist')
/** Clock ticks a second of the times in /proc (Linux has had 100 for user space since 2.4). */
const TICKS = 100

/** From the start of a new program to the vectors of its first batch. */
export interface ColdStart {
  /** Wall seconds. */
  seconds: number
  /** Processor seconds of it and its model process, their end included; null without /proc. */
  cpuSeconds: number | null
}

/** Starts the compiled program's model host in a process of its own and has it embed pictures. */
export async function coldStart(
  pictures: readonly string[],
  variables: NodeJS.ProcessEnv,
): Promise<ColdStart> {
  const script = `
    import { readSettings } from ${JSON.stringify(path.join(dist, 'config/settings.js'))}
    import { createLogger } from ${JSON.stringify(path.join(dist, 'log.js'))}
    import { ModelHost } from ${JSON.stringify(path.join(dist, 'models/host.js'))}
    const host = new ModelHost(readSettings(process.env), createLogger('warn'))
    const vectors = await host.embedImages(JSON.parse(process.argv[1]))
    process.stdout.write(String(vectors.length))
    await host[Symbol.asyncDispose]()
  `
  const cpuBefore = cpuOfChildren()
  const began = performance.now()
  const program = spawn(
    process.execPath,
    ['--input-type=module', '--eval', script, JSON.stringify(pictures)],
    { env: variables, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(program, 'exit')
  const first = await Promise.race([once(program.stdout, 'data'), exited])
  const seconds = (performance.now() - began) / 1000
  const [code] = await exited
  if (code !== 0 || String(first[0]) !== String(pictures.length)) {
    throw new Error(`The model host ended with ${code} before it had embedded the pictures.`)
  }
  const cpuAfter = cpuOfChildren()
  return {
    seconds,
    cpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
  }
}

/** Processor seconds of all ended children and theirs: cutime and cstime of proc(5). */
function cpuOfChildren(): number | null {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[13]) + Number(fields[14])) / TICKS
  } catch {
    return null
  }
}
