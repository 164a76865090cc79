import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ConflictError, InvalidInputError } from '../errors.ts'
import { isRunning } from './running.ts'

/** What the lock file says about the process that has the library open. */
export interface LockHolder {
  pid: number
  /** Start time of that process in clock ticks, so that a reused pid is not taken for it; null where the system does not tell. */
  started: string | null
  /** Address of its HTTP API; null while it serves none. */
  url: string | null
  /** Bearer token for that address, for commands of the same user. */
  token: string | null
}

/** The right to open an embedded library, held until disposed. */
export interface LibraryLock extends Disposable {
  /** Token that this process accepts from commands on the same machine. */
  readonly token: string
  /** Writes the address of the HTTP API into the lock file. */
  announce(url: string): void
}

/**
 * Takes the library in `dataDir` for this process. The embedded database itself takes no lock, and
 * two openers lose rows. A lock left by a process that was killed is taken over.
 *
 * @throws ConflictError `library-in-use`, naming the process and its address
 * @throws InvalidInputError `data-folder-not-writable`
 */
export function lockLibrary(dataDir: string): LibraryLock {
  const file = path.join(dataDir, 'forgeindex.lock')
  const token = randomBytes(24).toString('base64url')
  const holder: LockHolder = { pid: process.pid, started: startOf(process.pid), url: null, token }
  const draft = `${file}.${process.pid}`
  try {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 })
  } catch (error) {
    throw new InvalidInputError(
      'data-folder-not-writable',
      `The data folder ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code}). ` +
        'Set FORGEINDEX_DATA_DIR to a folder of yours or change its permissions.',
      { cause: error },
    )
  }
  try {
    take(file, draft)
  } finally {
    rmSync(draft, { force: true })
  }
  const release = () => {
    if (readHolder(file)?.token === token) rmSync(file, { force: true })
  }
  process.once('exit', release)
  return {
    token,
    announce(url) {
      writeFileSync(draft, JSON.stringify({ ...holder, url }), { mode: 0o600 })
      renameSync(draft, file)
    },
    [Symbol.dispose]() {
      process.removeListener('exit', release)
      release()
    },
  }
}

/** Who has the library in `dataDir` open now; null when nobody has. */
export function libraryHolder(dataDir: string): LockHolder | null {
  const holder = readHolder(path.join(dataDir, 'forgeindex.lock'))
  return holder && isAlive(holder) ? holder : null
}

/** Link is atomic and fails when the lock is there; a dead one is moved aside, which one taker wins. */
function take(file: string, draft: string): void {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      linkSync(draft, file)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = readHolder(file)
    if (holder && isAlive(holder)) {
      const where = holder.url ? ` and serves it at ${holder.url}` : ''
      throw new ConflictError(
        'library-in-use',
        `Process ${holder.pid} has this library open${where}. ` +
          'An embedded library takes one process: stop that one, or set another FORGEINDEX_DATA_DIR.',
      )
    }
    const aside = `${draft}.old`
    try {
      renameSync(file, aside)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    // Another taker may have linked its own between the check and the rename: give that one back.
    const moved = readHolder(aside)
    if (moved && isAlive(moved)) linkSync(aside, file)
    rmSync(aside, { force: true })
  }
  throw new ConflictError(
    'library-in-use',
    'Several processes open this library at once; try again.',
  )
}

function readHolder(file: string): LockHolder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockHolder
  } catch {
    return null
  }
}

function isAlive(holder: LockHolder): boolean {
  if (!isRunning(holder.pid)) return false
  return holder.started === null || holder.started === startOf(holder.pid)
}

/** Field 22 of /proc/PID/stat (proc(5)); null on systems without it. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie is dead: its memory and files are gone.
    return fields[0] === 'Z' ? 'gone' : (fields[19] ?? null)
  } catch {
    return process.platform === 'linux' ? 'gone' : null
  }
}
