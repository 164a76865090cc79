/** The npm packages of package-lock.json in node_modules. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root, SetupError, say, show } from './programs.mjs'

/** Node versions that the locked packages run on. */
const MIN_NODE = [20, 19]

/**
 * Runs `npm ci` when node_modules does not hold what package-lock.json names.
 *
 * @throws SetupError when Node is too old or npm fails
 */
export async function ensureNodeModules() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1])) {
    throw new SetupError(`Node 20.19 or newer is needed; this is ${process.versions.node}.`)
  }
  if (isInstalled(root)) return
  say('Installing npm packages (npm ci) …')
  // Under `npm run` this is the npm in use; by hand it is the one on the PATH.
  const npm = process.env.npm_execpath
  const args = ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const code = npm?.endsWith('.js')
    ? await show(process.execPath, [npm, ...args])
    : await show('npm', args)
  if (code === 0) return
  throw new SetupError(
    'npm ci failed; its own message is above. If it could not reach the npm registry: it is needed once;\n' +
      'behind a proxy run `npm config set proxy http://HOST:PORT` first.',
  )
}

/**
 * True when each package that the lock file names (but for those of other platforms) is installed
 * in the locked version, by npm's own record of what it put into node_modules.
 */
export function isInstalled(folder) {
  const record = path.join(folder, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const locked = JSON.parse(readFileSync(path.join(folder, 'package-lock.json'), 'utf8')).packages
  return Object.entries(locked).every(([name, entry]) => {
    if (name === '') return true
    const found = installed[name]
    return found ? found.version === entry.version : Boolean(entry.optional || entry.devOptional)
  })
}
