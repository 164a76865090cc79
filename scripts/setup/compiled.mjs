/** The compiled program in dist/ and the pages in frontend/dist/, made anew when a source is newer. */
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
const pages = path.join(root, 'frontend/dist/index.html')
const pagesStamp = path.join(root, 'node_modules/.forgeindex-pages-stamp')
const lock = path.join(root, 'node_modules/.forgeindex-build.lock')

/**
 * Compiles `src/` into `dist/` when a source changed since the last build, and makes
 * `npx forgeindex` work. Several processes may call it at once: one builds, the others wait.
 *
 * @throws SetupError with the compiler's own words
 */
export async function ensureBuild() {
  await ensureProgram()
  await ensurePages()
}

async function ensureProgram() {
  const wanted = fingerprint(['src'], ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
  if (isFresh(program, stamp, wanted)) return
  await whileLocked(() => {
    if (isFresh(program, stamp, wanted)) return
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

/** The pages, by Vite. It empties its folder first, so nothing deleted lives on. */
async function ensurePages() {
  // Where only the program is wanted, as in an image of the back end, the pages were left out.
  if (!existsSync(path.join(root, 'frontend/index.html'))) return
  const wanted = fingerprint(
    ['frontend/src', 'frontend/public'],
    ['frontend/index.html', 'frontend/vite.config.ts', 'package-lock.json'],
  )
  if (isFresh(pages, pagesStamp, wanted)) return
  await whileLocked(() => {
    if (isFresh(pages, pagesStamp, wanted)) return
    say('Building the pages …')
    const { code, stdout, stderr } = capture(process.execPath, [
      path.join(root, 'node_modules/vite/bin/vite.js'),
      'build',
      '-c',
      'frontend/vite.config.ts',
    ])
    if (code !== 0) throw new SetupError(`The pages do not build:\n${stdout}${stderr}`)
    writeFileSync(pagesStamp, wanted)
  })
}

/** Two lines: a hash of the source files' names, and one of their names, sizes and times. */
function fingerprint(folders, inputs) {
  const sources = folders
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }),
    )
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort()
  const states = [...sources, ...inputs.map((name) => path.join(root, name))].map((file) => {
    const { size, mtimeMs } = statSync(file)
    return `${file} ${size} ${mtimeMs}`
  })
  return `${hash(sources)}\n${hash(states)}`
}

function isFresh(made, madeStamp, wanted) {
  return existsSync(made) && existsSync(madeStamp) && readFileSync(madeStamp, 'utf8') === wanted
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
