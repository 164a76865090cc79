/**
 * `npm test`: everything that shows that the program works, from a bare clone. Sets up what is
 * missing, checks style, types and the build, starts a real PostgreSQL and a real S3 server, runs
 * the tests against them, and takes them down. What cannot run here is named, never hidden.
 *
 * `-- --slow` runs the long tests instead; other arguments go to vitest (`npm test -- test/store`).
 * The last line is `N passed, N failed, N skipped`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ensureChromium } from './setup/chromium.mjs'
import { ensureBuild } from './setup/compiled.mjs'
import { ensureFfmpeg } from './setup/ffmpeg.mjs'
import { ensureNodeModules } from './setup/node-modules.mjs'
import { capture, lastLines, main, root, say, show } from './setup/programs.mjs'
import { ensureYtDlp } from './setup/yt-dlp.mjs'

/** The server scripts' exit code for "not on this machine". */
const CANNOT_HERE = 3
const servers = [
  { name: 'PostgreSQL', script: 'scripts/postgres.sh', variable: 'FORGEINDEX_TEST_DATABASE_URL' },
  { name: 'S3', script: 'scripts/s3.sh', variable: 'FORGEINDEX_TEST_S3_ENDPOINT' },
]

await main(async () => {
  const slow = process.argv.includes('--slow')
  const passedOn = process.argv.slice(2).filter((argument) => argument !== '--slow')
  const tally = { passed: 0, failed: [], skipped: [] }

  await ensureNodeModules()
  ensureFfmpeg()
  const noYtDlp = ensureYtDlp()
  if (noYtDlp) tally.skipped.push(`yt-dlp: ${noYtDlp}`)
  const chromium = ensureChromium()
  if ('fault' in chromium) tally.skipped.push(`tests of the pages in a browser: ${chromium.fault}`)

  await counted(tally, 'lint (biome ci)', () => tool('@biomejs/biome/bin/biome', ['ci', '.']))
  await counted(
    tally,
    'types (tsc)',
    async () => (await types('tsconfig.json')) || (await types('frontend/tsconfig.json')),
  )
  await counted(tally, 'build', async () => {
    await ensureBuild()
    return 0
  })

  const started = []
  const stopAll = () => {
    for (const script of started.splice(0)) capture('bash', [script, 'down'])
  }
  // A first Ctrl-C ends vitest, which has it from the terminal, and the servers are taken down.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => {
    stopAll()
    process.exit(143)
  })
  try {
    const env = {
      ...process.env,
      ...(slow ? { FORGEINDEX_TEST_SLOW: '1' } : {}),
      ...('program' in chromium ? { FORGEINDEX_TEST_CHROMIUM: chromium.program } : {}),
    }
    for (const server of servers) start(server, env, started, tally)
    await runVitest(passedOn, env, tally)
  } finally {
    stopAll()
  }
  return report(tally)
})

/** One check as one test: passed at exit code 0; a thrown fault fails it with its message. */
async function counted(tally, name, check) {
  say(`\n— ${name}`)
  const fault = await check().then(
    (code) => (code === 0 ? null : `exit code ${code}`),
    (error) => error.message,
  )
  if (fault === null) tally.passed += 1
  else tally.failed.push(`${name}: ${lastLines(fault, 20)}`)
}

function tool(script, args) {
  return show(process.execPath, [path.join(root, 'node_modules', script), ...args])
}

function types(project) {
  return tool('typescript/bin/tsc', ['--noEmit', '-p', project])
}

/** Starts one server and adds what it prints (`KEY=value`) to `env`. Given servers are left alone. */
function start({ name, script, variable }, env, started, tally) {
  if (env[variable]) return
  say(`\n— ${name} server`)
  const { code, stdout, stderr } = capture('bash', [script, 'up'])
  if (code === CANNOT_HERE) {
    tally.skipped.push(`tests on a real ${name} server: ${lastLines(stderr, 1)}`)
    return
  }
  started.push(script)
  if (code !== 0) {
    tally.failed.push(`${name} server: ${script} up ended with ${code}: ${lastLines(stderr, 10)}`)
    return
  }
  for (const line of stdout.split('\n')) {
    const at = line.indexOf('=')
    if (at > 0) env[line.slice(0, at)] = line.slice(at + 1)
  }
}

async function runVitest(passedOn, env, tally) {
  say('\n— tests')
  const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-test-'))
  const outcome = path.join(folder, 'outcome.json')
  try {
    const code = await show(
      process.execPath,
      [
        path.join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${outcome}`,
        ...passedOn,
      ],
      { env },
    )
    const before = tally.failed.length
    if (existsSync(outcome)) count(JSON.parse(readFileSync(outcome, 'utf8')), tally)
    // An error outside any test, or a run that was cut short, fails vitest and no test.
    if (code !== 0 && tally.failed.length === before) tally.failed.push(`vitest: exit code ${code}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Adds vitest's JSON report to the tally. A file that failed outside its tests is one failure. */
function count(outcome, tally) {
  for (const file of outcome.testResults) {
    const name = path.relative(root, file.name)
    const failedBefore = tally.failed.length
    for (const test of file.assertionResults) {
      const title = `${name} > ${test.fullName}`
      if (test.status === 'passed') tally.passed += 1
      else if (test.status === 'failed') tally.failed.push(title)
      else tally.skipped.push(title)
    }
    if (file.status === 'failed' && tally.failed.length === failedBefore) {
      tally.failed.push(`${name}: ${lastLines(file.message || 'failed outside its tests', 5)}`)
    }
  }
}

function report({ passed, failed, skipped }) {
  const lines = [
    '',
    ...skipped.map((name) => `skipped: ${name}`),
    ...failed.map((name) => `failed: ${name}`),
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  return failed.length === 0 ? 0 : 1
}
