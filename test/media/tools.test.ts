import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkFfmpeg, readVersion } from '../../src/media/tools.ts'
import { scratchFolder, tools } from './clips.ts'

const folder = scratchFolder()

describe('readVersion', () => {
  it.each([
    ['ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026', '5.1.9-0+deb12u1', true],
    ['ffmpeg version n7.1 Copyright', 'n7.1', true],
    [
      'ffprobe version n8.0-23-gd1f31a829d-20251022 Copyright',
      'n8.0-23-gd1f31a829d-20251022',
      true,
    ],
    ['ffmpeg version 7:6.0-1ubuntu1 Copyright', '7:6.0-1ubuntu1', true],
    ['ffmpeg version 10.0 Copyright', '10.0', true],
    ['ffmpeg version 5.0.1 Copyright', '5.0.1', false],
    ['ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright', '4.4.2-0ubuntu0.22.04.1', false],
  ])('reads a release: %s', (text, version, recentEnough) => {
    expect(readVersion(text)).toEqual({ version, recentEnough })
  })

  it('judges a development build by its libavutil', () => {
    const build = (name: string, libavutil: string) =>
      readVersion(`ffmpeg version ${name} Copyright\nlibavutil      ${libavutil} / ${libavutil}\n`)
    expect(build('N-109468-gd39b34123d', '57. 43.100')?.recentEnough).toBe(true)
    expect(build('2024-01-04-git-4c4a5c4f5d-full', '58. 36.100')?.recentEnough).toBe(true)
    expect(build('N-101711-g7fe9d8f3a1', '57. 17.100')?.recentEnough).toBe(false)
    expect(build('git-2020-01-01-abc', '56. 38.100')?.recentEnough).toBe(false)
  })

  it('gives null for another program', () => {
    expect(readVersion('avconv version 12')).toBeNull()
  })
})

describe('checkFfmpeg', () => {
  it('accepts the installed ffmpeg', async () => {
    const check = await checkFfmpeg(tools)
    expect(check).toMatchObject({ ok: true, detail: `ffmpeg ${check.version}` })
    expect(check.version).not.toBe('')
  })

  it('answers, not throws, for a missing ffmpeg or ffprobe', async () => {
    for (const fault of [{ ffmpeg: '/nonexistent/ffmpeg' }, { ffprobe: '/nonexistent/ffprobe' }]) {
      const check = await checkFfmpeg({ ...tools, ...fault })
      expect(check.ok).toBe(false)
      expect(check.detail).toMatch(/\/nonexistent\/ff.*apt-get install ffmpeg/)
    }
  })

  it('names the version that is too old and the one it needs', async () => {
    const old = path.join(folder, 'old-ffmpeg')
    await writeFile(old, '#!/bin/sh\necho "ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright"\n')
    await chmod(old, 0o755)
    const check = await checkFfmpeg({ ...tools, ffmpeg: old })
    expect(check).toMatchObject({ ok: false, version: '4.4.2-0ubuntu0.22.04.1' })
    expect(check.detail).toMatch(/4\.4\.2.*5\.1 or newer/)
  })

  it('refuses a program that is not ffmpeg', async () => {
    const check = await checkFfmpeg({ ...tools, ffmpeg: 'true' })
    expect(check).toMatchObject({ ok: false, version: '' })
    expect(check.detail).toContain('did not answer as ffmpeg does')
  })
})
