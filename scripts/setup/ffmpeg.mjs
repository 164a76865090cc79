/** ffmpeg and ffprobe 5.1 or newer: checked, and installed when that is possible. */
import { capture, SetupError } from './programs.mjs'
import { canInstall, install, installLine } from './system-packages.mjs'

const MIN_VERSION = [5, 1]

/**
 * Makes sure that ffmpeg and ffprobe are there and new enough. `FORGEINDEX_FFMPEG` and
 * `FORGEINDEX_FFPROBE` name other programs than those on the PATH.
 *
 * @returns {string} the version found, for example `5.1.9-0+deb12u1`
 * @throws SetupError with the one line to run
 */
export function ensureFfmpeg() {
  const before = check()
  if (before.fault === null) return before.version
  if (process.env.FORGEINDEX_FFMPEG || process.env.FORGEINDEX_FFPROBE) {
    throw new SetupError(
      `${before.fault} FORGEINDEX_FFMPEG and FORGEINDEX_FFPROBE name the programs to use.`,
    )
  }
  if (canInstall()) {
    const failure = install(['ffmpeg'])
    const after = check()
    if (after.fault === null) return after.version
    throw new SetupError(`${after.fault}${failure ? ` apt-get said: ${failure}` : ''}`)
  }
  throw new SetupError(
    `${before.fault} Run this, then start again:\n\n  ${installLine({ debian: 'ffmpeg', brew: 'ffmpeg' })}\n`,
  )
}

/** The first fault of the two programs, as a sentence, or the version when there is none. */
function check() {
  const programs = [
    ['ffmpeg', process.env.FORGEINDEX_FFMPEG || 'ffmpeg'],
    ['ffprobe', process.env.FORGEINDEX_FFPROBE || 'ffprobe'],
  ]
  let version = ''
  for (const [name, program] of programs) {
    const { code, stdout } = capture(program, ['-version'], { timeoutMs: 20_000 })
    const found = readVersion(stdout)
    if (code !== 0 || found === null) {
      return {
        version,
        fault: `${name} (version 5.1 or newer) is needed; ${program} does not run.`,
      }
    }
    if (!isNewEnough(found)) {
      return { version, fault: `${name} 5.1 or newer is needed; ${program} is ${found}.` }
    }
    version = found
  }
  return { version, fault: null }
}

/**
 * The version in the first line of `ffmpeg -version`: `5.1.9-0+deb12u1`, `n7.1`, `N-118000-g1a2b3c`.
 * Null when the line is not ffmpeg's.
 */
export function readVersion(output) {
  return /^ff\w+ version (\S+)/.exec(output)?.[1] ?? null
}

/** True for 5.1 and newer. Builds from the development branch (`N-…`, `git-…`) carry no number. */
export function isNewEnough(version) {
  const numbers = /^n?(\d+)\.(\d+)/.exec(version)
  if (!numbers) return /^(N-|git)/.test(version)
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])]
  return major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])
}
