/** One worker that takes turns of a platform for some seconds and prints how many it got. */
import { openServer } from '../../src/config/database.ts'
import { readSettings } from '../../src/config/settings.ts'
import { limitsOf, shareLimits } from '../../src/ingestion/limits.ts'
import { createLogger } from '../../src/log.ts'

const [url, perMinute, startAt, seconds] = process.argv.slice(2)
await using database = openServer(url ?? '')
const settings = readSettings({ FORGEINDEX_RATE_NASA: perMinute })
shareLimits(settings, database.db, createLogger('silent'))
await new Promise((resolve) => setTimeout(resolve, Number(startAt) - Date.now()))
const signal = AbortSignal.timeout(Number(seconds) * 1000)
let turns = 0
const work = [1, 2, 3, 4].map(async () => {
  for (;;) {
    await limitsOf(settings).turn('nasa', { signal })
    turns++
  }
})
await Promise.allSettled(work)
console.log(turns)
