import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { type ForgeindexError, PermanentError, TransientError } from '../errors.ts'

export interface RunOptions {
  /** Stops the program and everything it started; `run` then rejects with the signal's reason. */
  signal?: AbortSignal
  /** Longest wall-clock time in milliseconds; no limit when absent. */
  timeoutMs?: number
  /** Working folder; must exist. */
  cwd?: string
  /** Variables added to the inherited ones (which come without our secrets). */
  env?: Record<string, string>
  /** Added to the priority number that it runs with (`nice`), where the system allows it. Default 0. */
  niceness?: number
  /** How many characters of the end of each output stream are kept. Default 1 Mi. */
  maxOutputBytes?: number
  /** Called with each line of standard output, without its line end. */
  onStdoutLine?(line: string): void
  /** Called with each line of standard error, without its line end. */
  onStderrLine?(line: string): void
  /**
   * Called with the bytes that the program writes to file descriptor 3, which is open only then. No more
   * are read while the promise that it returns is open, but for what is in the pipe when the program ends.
   */
  onBytes?(bytes: Buffer): Promise<void> | null
  /** Called with each line that the program writes to file descriptor 4, which is open only then. */
  onLogLine?(line: string): void
}

export interface RunResult {
  /** Exit code; 128 + signal number when a signal that we did not send ended the program. */
  code: number
  /** The end of standard output. */
  stdout: string
  /** The end of standard error. */
  stderr: string
}

/**
 * Of decoding: a search, the API and the database come before it when cores are short, and it before the
 * models, which wait for what it gives.
 */
export const DECODE_NICENESS = 5

const DEFAULT_MAX_OUTPUT_BYTES = 1024 * 1024

/** A longer line is handed on in pieces: output without line ends must not need memory. */
const MAX_LINE_CHARACTERS = 64 * 1024

/** Between SIGTERM and SIGKILL. ffmpeg stops by itself within 50 ms; abort promises one second. */
const GRACE_MS = 600

/** Pipes held open by a process that left the group are given up this long after a stop. */
const PIPE_CLOSE_MS = 1_000

/**
 * Runs a program in a process group of its own, without standard input, and waits for its end. A
 * non-zero exit code is an answer, not an error. All outputs are drained, so the program does not wait
 * for us unless `onBytes` makes it. When the promise settles, the program and its children are gone.
 *
 * @throws PermanentError `program-missing` (not there, or not executable): says how to install it
 * @throws PermanentError `folder-missing` when `cwd` does not exist
 * @throws TransientError `timed-out` after `timeoutMs`; `program-not-started` when the system has no
 *   process, memory or file descriptor left
 * @throws the signal's reason when aborted; whatever a callback throws
 */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const { signal, timeoutMs, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = options
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...environmentWithoutSecrets(), ...options.env },
      stdio: [
        'ignore',
        'pipe',
        'pipe',
        options.onBytes ? 'pipe' : 'ignore',
        options.onLogLine ? 'pipe' : 'ignore',
      ],
      detached: true, // makes it the leader of a new process group, which `killGroup` can name
    }) as ChildProcessByStdio<null, Readable, Readable>
    const { pid } = child
    if (pid !== undefined) {
      liveGroups.add(pid)
      yieldCores(pid, options.niceness ?? 0)
    }

    let stoppedBecause: { reason: unknown } | null = null
    const timers: NodeJS.Timeout[] = []
    const stop = (reason: unknown) => {
      if (stoppedBecause) return
      stoppedBecause = { reason }
      killGroup(child, 'SIGTERM')
      timers.push(setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS))
    }
    const onAbort = () => stop(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (timeoutMs !== undefined) {
      timers.push(setTimeout(() => stop(timedOut(program, timeoutMs)), timeoutMs))
    }
    const finish = () => {
      for (const timer of timers) clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (pid !== undefined) liveGroups.delete(pid)
    }

    const third = child.stdio[3] instanceof Readable ? child.stdio[3] : null
    third?.on('data', (bytes: Buffer) => {
      const isTaken = options.onBytes?.(bytes)
      if (!isTaken) return
      third.pause()
      isTaken.then(() => third.resume(), stop)
    })
    const fourth = child.stdio[4] instanceof Readable ? child.stdio[4] : null
    // A program that is stopped midway resets the pipe; its exit code tells.
    for (const stream of [third, fourth]) stream?.on('error', () => {})

    if (fourth) collect(fourth, 1024, options.onLogLine, stop)
    const stdout = collect(child.stdout, maxOutputBytes, options.onStdoutLine, stop)
    const stderr = collect(child.stderr, maxOutputBytes, options.onStderrLine, stop)
    child.once('error', (error) => {
      if (pid !== undefined) return // a failed kill; the end is reported by `close`
      finish()
      reject(notStarted(program, error, options.cwd))
    })
    child.once('exit', () => {
      if (!stoppedBecause) return
      killGroup(child, 'SIGKILL') // what it started may have ignored the first signal
      timers.push(
        setTimeout(() => {
          child.stdout.destroy()
          child.stderr.destroy()
          third?.destroy()
          fourth?.destroy()
        }, PIPE_CLOSE_MS),
      )
    })
    child.once('close', (code, killedBy) => {
      if (pid === undefined) return
      finish()
      if (stoppedBecause) reject(stoppedBecause.reason)
      else {
        const signalCode = killedBy ? 128 + (constants.signals[killedBy] ?? 0) : 1
        resolve({ code: code ?? signalCode, stdout: stdout(), stderr: stderr() })
      }
    })
  })
}

/**
 * Keeps the tail of a stream and hands its lines on. A callback that throws stops the program.
 * Returns a function that gives the tail.
 */
function collect(
  stream: NodeJS.ReadableStream,
  maxCharacters: number,
  onLine: ((line: string) => void) | undefined,
  stop: (reason: unknown) => void,
): () => string {
  let tail = ''
  let line = ''
  const emit = (text: string) => {
    try {
      onLine?.(text)
    } catch (error) {
      stop(error)
    }
  }
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    tail += chunk
    if (tail.length > 2 * maxCharacters) tail = tail.slice(-maxCharacters)
    if (!onLine) return
    // A carriage return at the end of a chunk may be the first half of a line end: it waits.
    const lines = (line + chunk).split(/\r?\n|\r(?=[^\n])/)
    line = lines.pop() ?? ''
    for (const complete of lines) emit(complete)
    if (line.length > MAX_LINE_CHARACTERS) {
      emit(line)
      line = ''
    }
  })
  stream.on('end', () => {
    if (line) emit(line.replace(/\r$/, ''))
  })
  return () => tail.slice(-maxCharacters)
}

/** Process groups started here that still run: none may outlive this process's orderly end. */
const liveGroups = new Set<number>()
process.on('exit', () => {
  for (const pid of liveGroups) signalGroup(pid, 'SIGKILL')
})

/** Before it starts threads, which inherit it. */
function yieldCores(pid: number, niceness: number): void {
  if (niceness === 0) return
  try {
    setPriority(pid, Math.min(19, getPriority() + niceness))
  } catch {
    // Gone already, or not allowed: it runs all the same.
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) signalGroup(child.pid, signal)
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // ESRCH: nobody is left in the group. EPERM: macOS says so of a group of zombies.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

/** Names of variables that may hold a secret; a decoder fed with hostile files has no use for them. */
const SECRET_NAME =
  /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|DATABASE_URL|_KEY$|^FORGEINDEX_(?:PROXY|COOKIES)_/i

/** Inherited variables (PATH, HOME, proxies, locale) are passed on; no setting is read here. */
export function environmentWithoutSecrets(): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: passed on to programs, not read
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !SECRET_NAME.test(name)))
}

function timedOut(program: string, timeoutMs: number): TransientError {
  const seconds = Math.round(timeoutMs / 100) / 10
  return new TransientError(
    'timed-out',
    `${path.basename(program)} was given ${seconds} s and had not finished; it was stopped.`,
  )
}

const INSTALL: Record<string, string> = {
  ffmpeg:
    'Install it (Debian: apt-get install ffmpeg; macOS: brew install ffmpeg) or set FORGEINDEX_FFMPEG to its path.',
  ffprobe:
    'It comes with ffmpeg (Debian: apt-get install ffmpeg; macOS: brew install ffmpeg); or set FORGEINDEX_FFPROBE to its path.',
  'yt-dlp': 'Install it (pip install "yt-dlp[default]") or set FORGEINDEX_YT_DLP to its path.',
}

function notStarted(program: string, error: Error, cwd: string | undefined): ForgeindexError {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' && cwd !== undefined && !existsSync(cwd)) {
    return new PermanentError(
      'folder-missing',
      `Cannot run ${path.basename(program)} in ${cwd}: there is no such folder.`,
      { cause: error },
    )
  }
  if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR' || code === 'ENOEXEC') {
    const hint =
      INSTALL[path.basename(program)] ?? 'Install it, or correct the setting that names it.'
    const fault = code === 'EACCES' ? 'cannot be executed' : 'was not found'
    return new PermanentError('program-missing', `The program "${program}" ${fault}. ${hint}`, {
      cause: error,
    })
  }
  return new TransientError(
    'program-not-started',
    `The system could not start ${path.basename(program)} (${code ?? error.message}). Free some memory or processes and try again.`,
    { cause: error },
  )
}
