/** The compiled program in dist/, made anew when a source is newer than it. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { capture, root, SetupError, say } from './programs.mjs'

/** The program's entry file after a build. */
export const program = path.join(root, 'dist/cli.js')
const stamp = path.join(root, 'dist/.build-stamp')
const lock = path.join(root, 'node_modules/.forgeindex-build.lock')

/**
 * Compiles `src/` into `dist/` when a source changed since the last build, and makes
 * `npx forgeindex` work. Several processes may call it at once: one builds, the others wait.
 *
 * @throws SetupError with the compiler's own words
 */
export async function ensureBuild() {
  const wanted = fingerprint()
  if (isFresh(wanted)) return
  await whileLocked(() => {
    if (isFresh(wanted)) return
    say('Compiling …')
    const before = existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
    // A deleted source must not live on in dist, and the compiler removes nothing.
    if (before.split('\n')[0] !== wanted.split('\n')[0]) {
      rmSync(path.join(root, 'dist'), { recursive: true, force: true })
    }
    const { code, stdout, stderr } = capture(process.execPath, [
      path.join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
    ])
    if (code !== 0) throw new SetupError(`The sources do not compile:\n${stdout}${stderr}`)
    chmodSync(program, 0o755)
    linkProgram()
    writeFileSync(stamp, wanted)
  })
}

/** Two lines: a hash of the source files' names, and one of their names, sizes and times. */
function fingerprint() {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort()
  const inputs = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json']
  const states = [...sources, ...inputs.map((name) => path.join(root, name))].map((file) => {
    const { size, mtimeMs } = statSync(file)
    return `${file} ${size} ${mtimeMs}`
  })
  return `${hash(sources)}\n${hash(states)}`
}

function isFresh(wanted) {
  return existsSync(program) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
}

function hash(lines) {
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** `npx forgeindex` looks here first; `npm ci` does not make the link before there is a build. */
function linkProgram() {
  const link = path.join(root, 'node_modules/.bin/forgeindex')
  rmSync(link, { force: true })
  mkdirSync(path.dirname(link), { recursive: true })
  symlinkSync('../../dist/cli.js', link)
}

/** A folder is the lock: making one either works or says that it exists. It names its owner. */
async function whileLocked(body) {
  const owner = path.join(lock, 'pid')
  for (;;) {
    try {
      mkdirSync(lock)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (isAbandoned(owner)) rmSync(lock, { recursive: true, force: true })
      else await sleep(200)
    }
  }
  try {
    writeFileSync(owner, String(process.pid))
    body()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function isAbandoned(owner) {
  try {
    process.kill(Number(readFileSync(owner, 'utf8')), 0)
    return false
  } catch (error) {
    if (error.code === 'ESRCH') return true
    // Between its making and the owner's name in it, a lock is young.
    if (error.code === 'ENOENT') return ageMs(lock) > 10_000
    return false
  }
}

function ageMs(folder) {
  try {
    return Date.now() - statSync(folder).mtimeMs
  } catch (error) {
    if (error.code === 'ENOENT') return 0
    throw error
  }
}
