/**
 * yt-dlp in a Python environment of the project's own (`.venv`), with deno as its JavaScript
 * runtime. Without it everything but the sources that need it works.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { capture, lastLines, root, say } from './programs.mjs'
import { canInstall, install, installLine } from './system-packages.mjs'

/** The oldest yt-dlp that is accepted; `[default]` brings the solver that YouTube needs. */
const REQUIREMENTS = ['yt-dlp[default]>=2026.07.04', 'deno']
const venv = path.join(root, '.venv')
const marker = path.join(venv, '.forgeindex-setup')

/**
 * Makes sure that yt-dlp is installed. A second run only reads a marker.
 *
 * @returns {string | null} null when it is there, else one sentence on why not and what to run
 */
export function ensureYtDlp() {
  if (process.env.FORGEINDEX_YT_DLP) return null
  // The environment's programs name their folder, so a moved repository needs a new one.
  const wanted = JSON.stringify({ venv, requirements: REQUIREMENTS })
  const program = path.join(venv, 'bin/yt-dlp')
  if (existsSync(program) && existsSync(marker) && readFileSync(marker, 'utf8') === wanted)
    return null
  const fault = createEnvironment() ?? installInto()
  if (fault) return fault
  writeFileSync(marker, wanted)
  return null
}

function createEnvironment() {
  const inside = path.join(venv, 'bin/python')
  if (capture(inside, ['-m', 'pip', '--version']).code === 0) return null
  rmSync(venv, { recursive: true, force: true })
  say('Making a Python environment for yt-dlp (.venv) …')
  if (makeVenv()) return null
  const packages = ['python3', 'python3-venv']
  if (canInstall()) {
    const failure = install(packages)
    if (makeVenv()) return null
    return `No Python environment could be made${failure ? `: ${failure}` : ''}.`
  }
  const line = installLine({ debian: packages.join(' '), brew: 'python@3.12' })
  return `Python 3.10 or newer with its venv module is needed for yt-dlp. Run: ${line}`
}

function makeVenv() {
  const version = capture('python3', ['-c', 'import sys; print(sys.version_info >= (3, 10))'])
  if (version.stdout.trim() !== 'True') return false
  if (capture('python3', ['-m', 'venv', venv]).code === 0) return true
  rmSync(venv, { recursive: true, force: true })
  return false
}

function installInto() {
  say('Installing yt-dlp and deno (about 130 MB) …')
  const args = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...REQUIREMENTS]
  const { code, stderr } = capture(path.join(venv, 'bin/python'), args)
  if (code === 0) return null
  return `pip could not install yt-dlp: ${lastLines(stderr, 1)}`
}
