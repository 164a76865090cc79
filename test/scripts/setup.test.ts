import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/media/process.ts'

const scripts = path.resolve(import.meta.dirname, '../../scripts')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-setup-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs an expression over what a starter's module exports, in a process of its own. */
async function evaluate(module: string, expression: string, env: Record<string, string> = {}) {
  const url = pathToFileURL(path.join(scripts, module)).href
  const code = `import * as m from ${JSON.stringify(url)}; console.log(JSON.stringify(${expression}))`
  return run(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...(process.env as Record<string, string>), ...env },
  })
}

describe('ffmpeg check', () => {
  it('accepts 5.1 and newer, release tags and development builds, and nothing older', async () => {
    const versions = ['5.1.9-0+deb12u1', '7.1', 'n7.1', 'n5.0.1', '4.4.2', 'N-118000-g1a2b3c', 'x']
    const { stdout } = await evaluate(
      'setup/ffmpeg.mjs',
      `${JSON.stringify(versions)}.map(m.isNewEnough)`,
    )
    expect(JSON.parse(stdout)).toEqual([true, true, true, false, false, true, false])
  })

  it('names the program that is missing or too old', async () => {
    const old = path.join(folder, 'old-ffmpeg')
    writeFileSync(old, '#!/bin/sh\necho "ffmpeg version 4.4.2 Copyright"\n')
    chmodSync(old, 0o755)
    const tooOld = await evaluate('setup/ffmpeg.mjs', 'm.ensureFfmpeg()', {
      FORGEINDEX_FFMPEG: old,
    })
    expect(tooOld.stderr).toContain(`ffmpeg 5.1 or newer is needed; ${old} is 4.4.2.`)
    const missing = await evaluate('setup/ffmpeg.mjs', 'm.ensureFfmpeg()', {
      FORGEINDEX_FFPROBE: '/nowhere/ffprobe',
    })
    expect(missing.stderr).toContain('/nowhere/ffprobe does not run.')
  })
})

describe('npm packages check', () => {
  async function isInstalled(installed: object | null, locked: object): Promise<boolean> {
    const project = mkdtempSync(path.join(folder, 'project-'))
    mkdirSync(path.join(project, 'node_modules'))
    writeFileSync(path.join(project, 'package-lock.json'), JSON.stringify({ packages: locked }))
    if (installed) {
      const record = path.join(project, 'node_modules/.package-lock.json')
      writeFileSync(record, JSON.stringify({ packages: installed }))
    }
    const { stdout } = await evaluate('setup/node-modules.mjs', `m.isInstalled('${project}')`)
    return JSON.parse(stdout)
  }
  const one = { 'node_modules/one': { version: '1.0.0' } }

  it('is content with the locked versions and with what is for other platforms', async () => {
    const locked = { '': {}, ...one, 'node_modules/mac': { version: '2.0.0', optional: true } }
    expect(await isInstalled(one, locked)).toBe(true)
  })

  it('sees a missing package, another version, and an installation that was cut short', async () => {
    expect(await isInstalled({}, one)).toBe(false)
    expect(await isInstalled({ 'node_modules/one': { version: '1.0.1' } }, one)).toBe(false)
    expect(await isInstalled(null, one)).toBe(false)
  })
})

describe('clips made without a network', () => {
  it('have the length and the streams that their names promise, and are made once', async () => {
    const clips = path.join(folder, 'clips')
    const first = await run(process.execPath, [path.join(scripts, 'make-clips.mjs'), clips])
    expect(first.code).toBe(0)
    const files = first.stderr.split('\n').filter((line) => line.startsWith(clips))
    const facts = await Promise.all(
      files.map(async (file) => {
        const { stdout } = await run('ffprobe', [
          ...['-v', 'error', '-show_entries', 'format=duration:stream=codec_type'],
          ...['-of', 'compact=p=0:nk=1', file],
        ])
        return [path.basename(file), ...stdout.trim().split('\n')]
      }),
    )
    expect(facts).toContainEqual([
      'moving test pattern with a tone.mp4',
      'video',
      'audio',
      '10.000000',
    ])
    expect(facts).toContainEqual(['colour gradients without sound.mp4', 'video', '6.000000'])
    expect(facts.length).toBeGreaterThanOrEqual(5)
    const started = Date.now()
    await run(process.execPath, [path.join(scripts, 'make-clips.mjs'), clips])
    expect(Date.now() - started).toBeLessThan(2000)
  })
})
