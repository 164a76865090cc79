import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { randomFrom } from '../support/random.ts'
import { seedOf } from './kills.ts'
import { manyClips, takeWithKills } from './model-kills.ts'

const VIDEOS = 6
const KILLS = 5
const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-test-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

test(`${VIDEOS} videos end as if nothing had happened when the model process is killed ${KILLS} times`, async () => {
  const clips = await manyClips(path.join(folder, 'clips'), VIDEOS)
  const random = randomFrom(seedOf('model host'))
  const calm = await takeWithKills(clips, folder, { kills: 0, random, longestLifeMs: 0 })
  expect(calm).toMatchObject({ faults: [], task: { videos_processed: VIDEOS, videos_failed: 0 } })
  const killed = await takeWithKills(clips, folder, { kills: KILLS, random, longestLifeMs: 1_500 })
  expect(killed.kills).toBe(KILLS)
  expect(killed.faults).toEqual([])
  expect(killed.task).toMatchObject({
    status: 'completed',
    videos_processed: VIDEOS,
    videos_failed: 0,
  })
  for (const [table, rows] of Object.entries(calm.contents)) {
    expect(killed.contents[table], table).toEqual(rows)
  }
}, 900_000)
