import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LockHolder, libraryHolder, lockLibrary } from '../../src/config/lock.ts'
import { ConflictError } from '../../src/errors.ts'

const LOCK_MODULE = path.join(import.meta.dirname, '../../src/config/lock.ts')
/** Takes the lock, says so, and holds it until its input ends. */
const HOLDER = `
const { lockLibrary } = await import(process.argv[1])
const lock = lockLibrary(process.argv[2])
lock.announce('http://127.0.0.1:12345')
console.log('held')
process.stdin.resume()
process.stdin.on('end', () => { lock[Symbol.dispose](); process.exit(0) })`

let folder: string
let child: ChildProcess | null = null
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-lock-'))
})
afterEach(async () => {
  if (child && child.exitCode === null) child.kill('SIGKILL')
  child = null
  await rm(folder, { recursive: true, force: true })
})

/** Another process that holds the library in `folder`. */
async function holdElsewhere(): Promise<ChildProcess> {
  child = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', HOLDER, LOCK_MODULE, folder],
    { stdio: ['pipe', 'pipe', 'inherit'], cwd: path.join(import.meta.dirname, '../..') },
  )
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  expect(String(line)).toContain('held')
  return child
}

async function writeHolder(holder: Partial<LockHolder>): Promise<void> {
  const whole = { pid: 0, started: null, url: null, token: 'theirs', ...holder }
  await writeFile(path.join(folder, 'forgeindex.lock'), JSON.stringify(whole))
}

const readHolder = async () =>
  JSON.parse(await readFile(path.join(folder, 'forgeindex.lock'), 'utf8')) as LockHolder

describe('the library lock', () => {
  it('is refused to a second process, which is told who has it and where', async () => {
    const { pid } = await holdElsewhere()
    let refusal: unknown
    try {
      lockLibrary(folder)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(ConflictError)
    expect(refusal).toMatchObject({ code: 'library-in-use' })
    expect((refusal as Error).message).toContain(`Process ${pid}`)
    expect((refusal as Error).message).toContain('http://127.0.0.1:12345')
    expect(libraryHolder(folder)).toMatchObject({ pid, url: 'http://127.0.0.1:12345' })
    // The one refused leaves nothing behind.
    expect(await readdir(folder)).toEqual(['forgeindex.lock'])
  })

  it('is free again after its holder has ended, by itself or by force', async () => {
    const first = await holdElsewhere()
    first.stdin!.end()
    await once(first, 'exit')
    expect(await readdir(folder)).toEqual([])
    const second = await holdElsewhere()
    second.kill('SIGKILL')
    await once(second, 'exit')
    expect((await readHolder()).pid).toBe(second.pid)
    expect(libraryHolder(folder)).toBeNull()
    using lock = lockLibrary(folder)
    expect(libraryHolder(folder)).toMatchObject({ pid: process.pid, token: lock.token })
  })

  it('is refused to the same process a second time', () => {
    using _lock = lockLibrary(folder)
    expect(() => lockLibrary(folder)).toThrow(ConflictError)
  })

  it.skipIf(process.platform !== 'linux')(
    'is taken over when its number belongs to another process now',
    async () => {
      // This very process's parent lives, but did not begin at tick 1.
      await writeHolder({ pid: process.ppid, started: '1' })
      expect(libraryHolder(folder)).toBeNull()
      using _lock = lockLibrary(folder)
      expect((await readHolder()).pid).toBe(process.pid)
    },
  )

  it('holds against a living process whose start is not known', async () => {
    await writeHolder({ pid: process.ppid, started: null })
    expect(() => lockLibrary(folder)).toThrow(`Process ${process.ppid}`)
  })

  it.each(['', '{"pid":', 'null', '[]', '{}'])(
    'is taken over when its file says %j',
    async (text) => {
      await writeFile(path.join(folder, 'forgeindex.lock'), text)
      expect(libraryHolder(folder)).toBeNull()
      using _lock = lockLibrary(folder)
      expect((await readHolder()).pid).toBe(process.pid)
    },
  )

  it('does not remove a lock that another process took meanwhile', async () => {
    const lock = lockLibrary(folder)
    await writeHolder({ pid: process.ppid })
    lock[Symbol.dispose]()
    expect((await readHolder()).token).toBe('theirs')
  })

  it('can be read by its owner only, since it holds a token', async () => {
    using lock = lockLibrary(folder)
    const file = path.join(folder, 'forgeindex.lock')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    lock.announce('http://127.0.0.1:1')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it.skipIf(process.getuid?.() === 0)('says that a folder cannot be written', async () => {
    await chmod(folder, 0o500)
    expect(() => lockLibrary(folder)).toThrow(/cannot be written/)
  })

  it('says that a folder cannot be made below a file', async () => {
    await writeFile(path.join(folder, 'file'), '')
    expect(() => lockLibrary(path.join(folder, 'file', 'library'))).toThrow(/cannot be written/)
  })

  it('goes to one of many that want it at once', async () => {
    const takers = Array.from({ length: 4 }, () =>
      spawn(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', HOLDER, LOCK_MODULE, folder],
        {
          stdio: ['pipe', 'pipe', 'ignore'],
          cwd: path.join(import.meta.dirname, '../..'),
        },
      ),
    )
    try {
      const outcomes = await Promise.all(
        takers.map((taker) =>
          Promise.race([
            once(taker.stdout, 'data').then(() => 'held'),
            once(taker, 'exit').then(([code]) => `exit ${code}`),
          ]),
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(1)
    } finally {
      for (const taker of takers) taker.kill('SIGKILL')
    }
  })
})
