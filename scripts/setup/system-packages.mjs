/** Installing Debian packages when we may, and the one line to run when we may not. */
import { capture, lastLines, say } from './programs.mjs'

let listsAreFresh = false

/** True on Debian, Ubuntu and their kin when this process may install packages. */
export function canInstall() {
  return process.getuid?.() === 0 && capture('apt-get', ['--version']).code === 0
}

/**
 * Installs Debian packages without asking. The package lists are read anew once per run.
 *
 * @returns {string | null} null when it worked, else what apt-get said last
 */
export function install(packages) {
  say(`Installing ${packages.join(', ')} with apt-get …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  if (!listsAreFresh) {
    const update = capture('apt-get', ['update', '-qq'], { env })
    if (update.code !== 0) return lastLines(update.stderr)
    listsAreFresh = true
  }
  const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages]
  const done = capture('apt-get', args, { env })
  return done.code === 0 ? null : lastLines(done.stderr)
}

/** The one line that installs a package by hand on this system. */
export function installLine({ debian, brew }) {
  if (process.platform === 'darwin') return `brew install ${brew}`
  if (capture('dnf', ['--version']).code === 0) return `sudo dnf install -y ${brew}`
  return `sudo apt-get update && sudo apt-get install -y ${debian}`
}
