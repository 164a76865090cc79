/** What the demo works on: models as far as the network gives them, and a small set of videos. */
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeClips } from '../make-clips.mjs'
import { say } from '../setup/programs.mjs'
import { allVideos } from './findings.mjs'
import { forgeindex } from './library.mjs'

const PROBE_MS = 3000
const COMMONS_QUERY = 'CNC milling machine'
const COMMONS_VIDEOS = 3

/** What each kind of model is for, as the summary names it. */
const SHOWS = {
  clip: 'search by meaning, near-duplicates, concepts and the activities that need them',
  detector: 'objects and the activities that need them',
  speech: 'transcripts',
  vad: 'transcripts',
}

/**
 * Pulls the selected models that are not there yet. Sentences on those still missing go to `gaps`.
 *
 * @returns {Promise<boolean>} whether all selected models are there now
 */
export async function pullModels(settings, gaps) {
  if ((await missingModels()).length === 0) return true
  const reachable = await isReachable(settings.hubUrl)
  if (reachable) await forgeindex(['models', 'pull', '--json'])
  const missing = await missingModels()
  const why = reachable ? 'could not be pulled' : `${settings.hubUrl} cannot be reached from here`
  for (const shows of new Set(missing.map((model) => SHOWS[model.job]))) {
    const names = missing.filter((model) => SHOWS[model.job] === shows).map((model) => model.name)
    gaps.push(
      `${shows}: ${names.join(' and ')} not installed (${why}). Mend it with ` +
        `\`npx forgeindex models pull\` or files in FORGEINDEX_MODELS_DIR, then start the demo again.`,
    )
  }
  return missing.length === 0
}

async function missingModels() {
  const { answer } = await forgeindex(['models', 'list', '--json'])
  return (answer?.items ?? []).filter((model) => model.selected && !model.installed)
}

/**
 * Ingests the user's folder, or openly licensed videos, or clips made here. What could not be had
 * goes to `gaps`.
 */
export async function ingest(settings, library, folder, gaps) {
  if (folder) return ingestFolder(folder)
  const fromCommons = await library.get(`/api/videos?platform=commons&limit=${COMMONS_VIDEOS}`)
  if (fromCommons.items.length >= COMMONS_VIDEOS) return
  if (await isReachable(settings.commonsUrl)) {
    say(`Ingesting ${COMMONS_VIDEOS} openly licensed videos of “${COMMONS_QUERY}” …`)
    const limit = String(COMMONS_VIDEOS)
    const words = ['--platform', 'commons', '--max-videos', limit, '--wait', '--json']
    const { answer } = await forgeindex(['ingest', COMMONS_QUERY, ...words])
    if (answer?.videos_processed > 0) return
    gaps.push(`videos from Wikimedia Commons: ${answer?.error_message ?? 'none could be ingested'}`)
  } else {
    gaps.push(`videos from Wikimedia Commons: ${settings.commonsUrl} cannot be reached from here`)
  }
  const clips = path.join(settings.dataDir, 'demo-clips')
  say('Making clips with ffmpeg …')
  const { left } = makeClips(clips)
  gaps.push(...left.map((reason) => `the clip ${reason}`))
  await ingestFolder(clips)
}

async function ingestFolder(folder) {
  say(`Ingesting ${folder} …`)
  await forgeindex(['ingest', folder, '--max-videos', '10000', '--wait'])
}

/** Runs the steps that an earlier demo skipped for want of a model, now that the models are there. */
export async function catchUp(library) {
  const skipped = (await allVideos(library)).filter((video) =>
    video.steps.some((step) => step.reason === 'model-missing'),
  )
  if (skipped.length === 0) return
  say(`Running the steps that wanted a model on ${skipped.length} videos …`)
  for (const { id } of skipped) await library.post(`/api/videos/${id}/reprocess`)
  for (const { id } of skipped) {
    while (!isFinal(await library.get(`/api/videos/${id}`))) await sleep(500)
  }
}

function isFinal(video) {
  return video.status === 'completed' || video.status === 'failed'
}

/** True when anything answers at `url` within a few seconds. */
async function isReachable(url) {
  try {
    await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(PROBE_MS) })
    return true
  } catch {
    return false
  }
}
