/** Chromium for the tests of the pages: found, or installed when that is possible. */
import { capture } from './programs.mjs'
import { canInstall, install, installLine } from './system-packages.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/**
 * Makes sure that a Chromium is there. `FORGEINDEX_CHROMIUM` names another program than those on
 * the PATH.
 *
 * @returns {{ program: string } | { fault: string }} the program, or one sentence on why not
 */
export function ensureChromium() {
  const named = process.env.FORGEINDEX_CHROMIUM
  if (named) {
    if (runs(named)) return { program: named }
    return { fault: `FORGEINDEX_CHROMIUM names ${named}, which does not run.` }
  }
  const found = NAMES.find(runs)
  if (found) return { program: found }
  if (!canInstall()) {
    const line = installLine({ debian: 'chromium', brew: '--cask chromium' })
    return { fault: `No Chromium on the PATH. Run: ${line}` }
  }
  const failure = install(['chromium'])
  if (runs('chromium')) return { program: 'chromium' }
  return { fault: `Chromium could not be installed${failure ? `: ${failure}` : ''}.` }
}

function runs(program) {
  return capture(program, ['--version', '--no-sandbox'], { timeoutMs: 30_000 }).code === 0
}
