/** What the demo works on: models as far as the network gives them, and a small set of videos. */
import path from 'node:path'
import { makeClips } from '../make-clips.mjs'
import { say } from '../setup/programs.mjs'
import { forgeindex } from './library.mjs'

const PROBE_MS = 3000
const COMMONS_QUERY = 'CNC milling machine'
const COMMONS_VIDEOS = 3

/** What each kind of model is for, as the summary names it. */
const SHOWS = {
  clip: 'search by meaning, near-duplicates, concepts and the activities that need them',
  detector: 'objects and the activities that need them',
  speech: 'transcripts',
}

/** Pulls the selected models that are not there yet. Sentences on those still missing go to `gaps`. */
export async function pullModels(settings, gaps) {
  if ((await missingModels()).length === 0) return
  const reachable = await isReachable(settings.hubUrl)
  if (reachable) await forgeindex(['models', 'pull'])
  for (const model of await missingModels()) {
    const why = reachable ? 'could not be pulled' : `${settings.hubUrl} cannot be reached from here`
    gaps.push(
      `${SHOWS[model.job] ?? model.job}: the model ${model.name} is not installed (${why}). ` +
        `Mend it with: npx forgeindex models pull ${model.name} && npx forgeindex recompute`,
    )
  }
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
  await forgeindex(['ingest', folder, '--max-videos', '10000', '--wait', '--json'])
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
