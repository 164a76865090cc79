import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import { environmentWithoutSecrets } from '../media/process.ts'
import type { FromModelProcess, ModelProcessOptions, ToModelProcess } from './protocol.ts'

/** Characters of a model process's own output kept for the log. */
const MAX_OUTPUT_CHARS = 4_000
/**
 * Freed blocks of this many bytes or more go back to the system at once. Loading a model frees its
 * file's bytes, of which glibc otherwise keeps a third: CLIP's image side held 629 MiB without this
 * and 439 MiB with it. Other C libraries ignore it.
 */
const KEPT_BLOCK_BYTES = 1024 ** 2
/**
 * glibc gives each thread a heap of its own, up to eight for each core, and what is freed in one stays
 * there: with a dozen threads the process held 1,540 MiB, with two heaps 1,330.
 */
const HEAPS = 2
/** Grace in milliseconds for a process to end by itself once its channel is closed. */
const STOP_MS = 2_000

/** How a model process ended. */
export interface ProcessEnd {
  code: number | null
  signal: NodeJS.Signals | null
  /** The end of what it wrote to its own output. */
  output: string
}

/** One running model process. */
export class ModelProcess {
  readonly #child: ChildProcess
  #output = ''
  #isWanted = true

  /** @param on.end called once it is gone, unless `stop` ended it */
  constructor(
    options: ModelProcessOptions,
    on: { message(message: FromModelProcess): void; end(end: ProcessEnd): void },
  ) {
    const child = forkModelProcess(options)
    this.#child = child
    const keep = (chunk: string) => {
      this.#output = (this.#output + chunk).slice(-MAX_OUTPUT_CHARS)
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', keep)
      // Read as it comes, but never a reason to stay alive.
      if (stream && 'unref' in stream) (stream as unknown as { unref(): void }).unref()
    }
    child.on('message', (message) => {
      if (this.#isWanted) on.message(message as FromModelProcess)
    })
    // A failed send or spawn ends in 'exit' or 'close' as well; without a listener it would throw.
    child.on('error', (error) => keep(`${error.message}\n`))
    child.once('close', (code, signal) => {
      if (this.#isWanted) on.end({ code, signal, output: this.#output })
      this.#isWanted = false
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  send(message: ToModelProcess): void {
    // A process that is ending takes no more; its end brings the work back.
    if (this.#child.connected) this.#child.send(message)
  }

  /** A promise alone does not keep a program alive, so only work on its way may. */
  keepAlive(keeps: boolean): void {
    if (keeps) {
      this.#child.ref()
      this.#child.channel?.ref()
    } else {
      this.#child.unref()
      this.#child.channel?.unref()
    }
  }

  /** Ends it at once, as a crash would. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Ends it in peace and waits until it is gone. */
  async stop(): Promise<void> {
    this.#isWanted = false
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    if (child.connected) child.disconnect()
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await gone
    clearTimeout(kill)
  }
}

/** The entry is TypeScript when this file is (tests, `npm run dev`), JavaScript once built. */
function forkModelProcess(options: ModelProcessOptions): ChildProcess {
  const extension = path.extname(import.meta.filename)
  const packageRoot = path.resolve(import.meta.dirname, '../..')
  return fork(
    path.join(import.meta.dirname, `host-process${extension}`),
    [JSON.stringify(options)],
    {
      // `tsx` is found from the working folder, which the user chooses for us otherwise.
      cwd: packageRoot,
      env: {
        ...environmentWithoutSecrets(),
        MALLOC_MMAP_THRESHOLD_: String(KEPT_BLOCK_BYTES),
        MALLOC_ARENA_MAX: String(HEAPS),
      },
      execArgv: extension === '.ts' ? ['--import', 'tsx'] : [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
}
