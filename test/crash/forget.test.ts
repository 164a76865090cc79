import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openEmbedded } from '../../src/config/database.ts'
import { readSettings } from '../../src/config/settings.ts'
import { openStorage, type Storage } from '../../src/config/storage.ts'
import { programLibrary } from '../support/program.ts'
import { insertKeyframe, insertVideo } from '../support/rows.ts'

const OBJECTS = 2000
/** Milliseconds after the first object is gone, which is after the rows; null: before the program began. */
const KILLS = [null, 5]

async function keysOf(storage: Storage, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.list(prefix)) keys.push(key)
  return keys
}

it('forgeindex videos forget, killed again and again, leaves all of a video or goes on to nothing', async () => {
  await using library = await programLibrary({})
  const settings = readSettings({ FORGEINDEX_DATA_DIR: library.dataDir })
  expect((await library.run('migrate')).code).toBe(0)
  await using storage = await openStorage(settings)
  const database = await openEmbedded(path.join(library.dataDir, 'database'))
  const id = await insertVideo(database.db, { title: 'To go' })
  const kept = await insertVideo(database.db, { title: 'Stays' })
  await insertKeyframe(database.db, id, 0)
  await database.close()
  for (const video of [id, kept]) {
    for (let i = 0; i < OBJECTS; i++) {
      await storage.put(`videos/${video}/frames/${i}.jpg`, Buffer.from('frame'))
    }
  }
  const prefix = `videos/${id}/`
  const left: number[] = []
  for (const delay of KILLS) {
    const program = library.start('videos', 'forget', id, '--reason', 'asked for')
    const end = Date.now() + 30_000
    const before = (await keysOf(storage, prefix)).length
    while (delay !== null && (await keysOf(storage, prefix)).length === before) {
      if (Date.now() > end) throw new Error('Nothing was deleted.')
      await sleep(2)
    }
    await sleep(delay ?? 0)
    program.kill('SIGKILL')
    await program.ended
    left.push((await keysOf(storage, prefix)).length)
    if (left.at(-1) === 0) break
  }
  console.info(`objects left after each kill: ${left.join(', ')} of ${OBJECTS}`)
  expect(left[0]).toBe(OBJECTS)
  const last = await library.run('videos', 'forget', id, '--reason', 'asked for', '--json')
  expect(last.code, last.stderr).toBe(0)
  expect(JSON.parse(last.stdout)).toMatchObject({ items: [{ video_id: id, reason: 'asked for' }] })
  expect(await keysOf(storage, prefix)).toEqual([])
  expect(await keysOf(storage, `videos/${kept}/`)).toHaveLength(OBJECTS)

  const list = JSON.parse((await library.run('videos', '--json')).stdout)
  expect(list.items).toEqual([expect.objectContaining({ id: kept })])
  const forgotten = JSON.parse((await library.run('videos', 'forgotten', '--json')).stdout)
  expect(forgotten.items).toEqual([expect.objectContaining({ video_id: id })])
  const unknown = await library.run('videos', 'forget', crypto.randomUUID(), '--reason', 'x')
  expect(unknown).toMatchObject({ code: 1, stdout: '' })
  expect(unknown.stderr).toContain('There is no video with the id')
  expect((await library.run('videos', 'forget', id)).code).toBe(2)
  expect((await library.run('videos', 'allow', id)).code).toBe(0)
  const none = JSON.parse((await library.run('videos', 'forgotten', '--json')).stdout)
  expect(none.items).toEqual([])
})
