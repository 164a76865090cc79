import path from 'node:path'
import { expect, test } from 'vitest'
import { programLibrary } from '../support/program.ts'
import { testDatabaseUrl } from '../support/servers.ts'
import { fetchWithKills, servedVideos } from './downloads.ts'
import { seedOf } from './kills.ts'

const VIDEOS = 200
const KILLS = 50

test.each(['embedded', 'server'] as const)(
  `${VIDEOS} downloads killed ${KILLS} times: all there, none fetched twice (%s)`,
  async (form) => {
    if (form === 'server' && !testDatabaseUrl()) return
    await using library = await programLibrary({}, { form })
    await using videos = await servedVideos(path.join(library.folder, 'clips'), VIDEOS)
    const { extra, resumed, early } = await fetchWithKills(library, videos, {
      kills: KILLS,
      seed: seedOf(`downloads, ${form}`),
      longestMs: 1_800_000,
    })
    console.info(
      `${form}: ${VIDEOS} videos, ${KILLS} kills (${early} before it was ready); ` +
        `${extra} requests beyond one each, ${resumed} of them for the rest only`,
    )
    expect(extra).toBeLessThanOrEqual(KILLS * 4)
  },
)
