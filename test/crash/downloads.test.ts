import path from 'node:path'
import { expect, test } from 'vitest'
import { programLibrary } from '../support/program.ts'
import { testDatabaseUrl } from '../support/servers.ts'
import { fetchWithKills, servedVideos } from './downloads.ts'
import { seedOf } from './kills.ts'

const VIDEOS = 20
const KILLS = 4

test.each(['embedded', 'server'] as const)(
  `downloads killed ${KILLS} times: all there, none fetched twice (%s)`,
  async (form) => {
    if (form === 'server' && !testDatabaseUrl()) return
    await using library = await programLibrary({}, { form })
    await using videos = await servedVideos(path.join(library.folder, 'clips'), VIDEOS)
    const { extra, resumed } = await fetchWithKills(library, videos, {
      kills: KILLS,
      seed: seedOf(`downloads, ${form}`),
    })
    console.info(`${form}: ${extra} requests beyond one each, ${resumed} of them for the rest only`)
    // At most the four that were under way at each kill.
    expect(extra).toBeLessThanOrEqual(KILLS * 4)
  },
  300_000,
)
