/**
 * `npm run demo`: from a bare clone to a searchable, exported dataset. Sets up what is missing,
 * ingests a small set of videos for real, prints what was found and what could not be shown here,
 * and serves the library. `-- --once` ends after the summary; `-- FOLDER` takes your own clips.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { allVideos, exportDataset, queriesFor, rowOf } from './demo/findings.mjs'
import { openLibrary } from './demo/library.mjs'
import { catchUp, ingest, pullModels } from './demo/material.mjs'
import { printSummary } from './demo/summary.mjs'
import { ensureBuild } from './setup/compiled.mjs'
import { ensureFfmpeg } from './setup/ffmpeg.mjs'
import { ensureNodeModules } from './setup/node-modules.mjs'
import { main, root, SetupError, say } from './setup/programs.mjs'
import { ensureYtDlp } from './setup/yt-dlp.mjs'

await main(async () => {
  const { folder, once } = readArguments(process.argv.slice(2))
  await ensureNodeModules()
  ensureFfmpeg()
  const noYtDlp = ensureYtDlp()
  await ensureBuild()
  const { settingsFromProcess } = await import(path.join(root, 'dist/config/settings.js'))
  const settings = settingsFromProcess()
  process.env.LOG_LEVEL ??= 'warn'
  // Ctrl-C reaches the program from the terminal; this process ends after it.
  process.on('SIGINT', () => {})

  const gaps = noYtDlp ? [`YouTube, TikTok and Instagram: ${noYtDlp}`] : []
  const complete = await pullModels(settings, gaps)
  const library = await openLibrary(settings)
  const forward = () => library.stop()
  process.on('SIGTERM', forward)
  let served = false
  try {
    await ingest(settings, library, folder, gaps)
    if (complete) await catchUp(library)
    const videos = await allVideos(library)
    const completed = videos.filter((video) => video.status === 'completed')
    if (completed.length === 0) {
      throw new SetupError(`No video could be processed.${failuresOf(videos)}`)
    }
    const searches = []
    for (const query of queriesFor(completed)) {
      searches.push(await library.get(`/api/search?limit=3&q=${encodeURIComponent(query)}`))
    }
    const exported = await exportDataset(settings, videos)
    printSummary({ rows: videos.map(rowOf), searches, exported, gaps })
    if (once || library.joined) {
      if (library.joined) say(`\nThe library is served at ${library.url}`)
      return 0
    }
    say(`\nOpen ${library.url} in a browser (the API is described at ${library.url}/docs).`)
    say('Ctrl-C stops it.')
    served = true
    return await library.stopped
  } finally {
    if (!served) await library.stop()
  }
})

function readArguments(given) {
  const folders = given.filter((argument) => !argument.startsWith('--'))
  const unknown = given.filter((argument) => argument.startsWith('--') && argument !== '--once')
  if (unknown.length > 0 || folders.length > 1) {
    throw new SetupError('Use: npm run demo -- [FOLDER] [--once]')
  }
  // npm runs scripts in the repository; a relative folder is meant from where the user stands.
  const folder = folders[0] ? path.resolve(process.env.INIT_CWD ?? '.', folders[0]) : null
  if (folder && !existsSync(folder)) throw new SetupError(`There is no folder ${folder}.`)
  return { folder, once: given.includes('--once') }
}

function failuresOf(videos) {
  return videos
    .filter((video) => video.failure)
    .map((video) => `\n  ${video.title}: ${video.failure.message}`)
    .join('')
}
