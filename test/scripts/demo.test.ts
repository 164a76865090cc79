import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/media/process.ts'
import { testData } from '../support/test-data.ts'

const scripts = path.resolve(import.meta.dirname, '../../scripts')
/** Nothing listens there: a machine without a network. */
const NOWHERE = 'http://127.0.0.1:9'
let dataDir: string
beforeAll(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'forgeindex-demo-'))
})
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

function demo(args: string[], env: Record<string, string> = {}) {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(FORGEINDEX_|DATABASE|MINIO)/.test(name),
  )
  return run(process.execPath, [path.join(scripts, 'demo.mjs'), '--once', ...args], {
    env: {
      ...(Object.fromEntries(own) as Record<string, string>),
      FORGEINDEX_DATA_DIR: dataDir,
      FORGEINDEX_YT_DLP: 'yt-dlp',
      HF_ENDPOINT: NOWHERE,
      FORGEINDEX_COMMONS_URL: NOWHERE,
      ...env,
    },
    timeoutMs: 110_000,
  })
}

describe('npm run demo without a network', () => {
  it('shows what it can on clips of its own and names what it could not show', async () => {
    const { code, stdout, stderr } = await demo([])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/6 videos \(6 completed\), \d\d keyframes, 0 objects/)
    expect(stdout).toContain('(by words only)')
    expect(stdout).toContain(path.join(dataDir, 'exports/demo.zip'))
    expect(stdout).toContain('- transcripts: whisper-base and silero-vad not installed')
    expect(stdout).toContain(`${NOWHERE} cannot be reached from here`)
    const archive = await run('python3', [
      '-m',
      'zipfile',
      '-l',
      path.join(dataDir, 'exports/demo.zip'),
    ])
    expect(archive.stdout.match(/annotations\/\S+\.json/g)).toHaveLength(6)
  })

  it('does nothing twice on its second run', async () => {
    const { code, stdout, stderr } = await demo([])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/6 videos \(6 completed\)/)
    const datasets = await run(
      process.execPath,
      [path.join(scripts, 'run.mjs'), 'dataset', '--json'],
      {
        env: { ...(process.env as Record<string, string>), FORGEINDEX_DATA_DIR: dataDir },
      },
    )
    expect(JSON.parse(datasets.stdout).items).toHaveLength(1)
  })

  it('says how it is used when it does not understand its arguments', async () => {
    expect((await demo(['--twice'])).stderr).toContain('Use: npm run demo -- [FOLDER] [--once]')
    expect((await demo(['/nowhere/at/all'])).stderr).toContain('There is no folder /nowhere/at/all')
  })

  const models = testData('models')
  it.skipIf(!models)(
    'runs the skipped steps once the models are there (models of the test data)',
    async () => {
      const { code, stdout, stderr } = await demo([], {
        FORGEINDEX_MODELS_DIR: models ?? '',
        CLIP_MODEL: 'mini-vl',
        YOLO_MODEL: 'yolox-nano',
      })
      expect(code, stderr).toBe(0)
      expect(stderr).toContain('Running the steps that wanted a model on 6 videos')
      expect(stdout).toMatch(/moving test pattern, small copy\.mp4\n.*near-duplicate/)
      expect(stdout).not.toContain('not installed')
      expect(stdout).not.toContain('(by words only)')
    },
  )
})
