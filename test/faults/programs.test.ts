import { execFile } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeClip } from '../support/clip.ts'
import { endOfTask, type ProgramLibrary, programLibrary } from '../support/program.ts'

let library: ProgramLibrary
let clip: string

beforeAll(async () => {
  library = await programLibrary()
  clip = path.join(library.folder, 'clip.mp4')
  await makeClip(clip)
}, 120_000)
afterAll(() => library[Symbol.asyncDispose]())

interface Doctor {
  ok: boolean
  checks: { name: string; ok: boolean; detail: string; command?: string }[]
}

test('a missing ffmpeg fails the task with what to install; doctor says the command', async () => {
  library.variables.FORGEINDEX_FFMPEG = '/nonexistent/ffmpeg'
  const { code, stdout } = await library.run('ingest', clip)
  expect(code).toBe(1)
  expect(stdout).toMatch(/"\/nonexistent\/ffmpeg" was not found.*FORGEINDEX_FFMPEG/)
  const doctor = await library.run('doctor', '--json')
  expect(doctor.code).toBe(1)
  const { checks }: Doctor = JSON.parse(doctor.stdout)
  expect(checks.find((check) => check.name === 'ffmpeg')).toMatchObject({
    ok: false,
    command: expect.stringContaining('install'),
  })
})

test('an ffmpeg that is too old fails the task, not the videos', async () => {
  const old = path.join(library.folder, 'ffmpeg')
  await writeFile(
    old,
    '#!/bin/sh\necho "ffmpeg version 4.4.2 Copyright (c) the developers"\nexit 1\n',
  )
  await chmod(old, 0o755)
  library.variables.FORGEINDEX_FFMPEG = old
  const { code, stdout } = await library.run('ingest', clip)
  expect(code).toBe(1)
  expect(stdout).toMatch(/is version 4\.4\.2; Forgeindex needs 5\.1 or newer/)
})

test('with ffmpeg back the same command succeeds', async () => {
  delete library.variables.FORGEINDEX_FFMPEG
  const { code, stderr } = await library.run('ingest', clip)
  expect(code, stderr).toBe(0)
})

test('a playlist that is named .mp4 fails by itself and nothing it names is opened', async () => {
  const folder = path.join(library.folder, 'playlist')
  await mkdir(folder)
  await writeFile(
    path.join(folder, 'list.mp4'),
    `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://${clip}\n#EXT-X-ENDLIST\n`,
  )
  const { code, stdout } = await library.run('ingest', folder, '--json')
  expect(code).toBe(1)
  const task = JSON.parse(stdout)
  expect(task).toMatchObject({ status: 'completed', videos_found: 1, videos_failed: 1 })
  const [reason] = Object.keys(task.failures)
  expect(reason).toMatch(/format|undecodable|not-a-video|unsupported/)
})

test('Ctrl-C drains with exit code 130, and the next start goes on by itself', async () => {
  const folder = path.join(library.folder, 'many')
  await mkdir(folder)
  for (const [i, pattern] of ['testsrc2', 'smptebars', 'rgbtestsrc', 'yuvtestsrc'].entries()) {
    await makeClip(path.join(folder, `${i}.mp4`), { seconds: 4, size: '640x480', pattern })
  }
  const ingest = library.start('ingest', folder, '--json')
  await ingest.saw(/\d of \d videos/)
  ingest.kill('SIGINT')
  const { code, stdout, stderr } = await ingest.ended
  expect(code, stderr).toBe(130)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/next checkpoint; Ctrl-C again stops at once/)
  expect(stderr).toMatch(/What is done is kept/)
  expect(library.processes()).toEqual([])

  const server = await library.serve()
  const { body } = await server.ask<{ items: { id: string }[] }>('GET', '/api/tasks?limit=1')
  const task = await endOfTask<{ status: string; videos_processed: number }>(
    server,
    body.items[0]?.id ?? '',
  )
  expect(task).toMatchObject({ status: 'completed', videos_processed: 4 })
  server.program.kill('SIGINT')
  expect((await server.program.ended).code).toBe(130)
})

test('a second Ctrl-C stops at once and leaves no process behind', async () => {
  const folder = path.join(library.folder, 'long')
  await mkdir(folder)
  const piece = path.join(library.folder, 'piece.mp4')
  await makeClip(piece, { seconds: 4, size: '1280x720' })
  const copies = ['-stream_loop', '148', '-i', piece, '-c', 'copy', path.join(folder, 'long.mp4')]
  await promisify(execFile)('ffmpeg', ['-nostdin', '-v', 'error', ...copies])
  const ingest = library.start('ingest', folder)
  await ingest.saw(/0 of [01] videos/)
  await sleep(1_000)
  ingest.kill('SIGINT')
  await ingest.saw(/Ctrl-C again/)
  // Under `npm run` one press arrives twice: only a later one counts as the second.
  ingest.kill('SIGINT')
  await sleep(1_000)
  const before = Date.now()
  ingest.kill('SIGINT')
  expect((await ingest.ended).code).toBe(130)
  expect(Date.now() - before).toBeLessThan(5_000)
  await sleep(500)
  expect(library.processes()).toEqual([])
})
