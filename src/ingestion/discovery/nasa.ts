import type { Settings } from '../../config/settings.ts'
import { InvalidInputError, PermanentError } from '../../errors.ts'
import { fetchable, type NasaItem, nasaClient } from '../nasa-client.ts'
import { nasaIdOf } from '../urls.ts'
import { plainText } from './plain-text.ts'
import { bareCandidate, type Candidate, type Source } from './source.ts'

const GUIDELINES = 'https://www.nasa.gov/nasa-brand-center/images-and-media/'
const LICENCE = 'LicenseRef-NASA-media-guidelines'
/** The version to fetch, the best first; `large` and `orig` may have more than 720 lines. */
const VERSIONS = ['medium', 'large', 'small', 'mobile', 'orig']

/**
 * NASA's image and video library: a search for videos, or videos named by URL. Its guidelines stand in
 * for a licence; they except what is marked as someone else's.
 */
export function nasaSource(settings: Settings): Source {
  const client = nasaClient(settings)

  async function* byUrl(urls: string[], signal: AbortSignal): AsyncIterable<NasaItem> {
    for (const url of urls) {
      const id = nasaIdOf(url, settings.nasaUrl)
      if (id === null) {
        throw new InvalidInputError(
          'not-a-nasa-video',
          `${url} is no video of NASA's library. Expected an address like https://images.nasa.gov/details/ID`,
        )
      }
      let item: NasaItem | null = null
      for await (const found of client.search({ nasa_id: id }, signal)) {
        if (found.data[0]!.nasa_id === id) item = found
        if (item) break
      }
      yield item ?? { href: null, links: null, data: [unknownItem(id)] }
    }
  }

  async function candidateOf(item: NasaItem, signal: AbortSignal): Promise<Candidate> {
    const [data] = item.data
    const { nasa_id: id } = data!
    const page = `https://images.nasa.gov/details/${encodeURIComponent(id)}`
    const preview = item.links?.find(({ rel }) => rel === 'preview')?.href
    const candidate: Candidate = {
      ...bareCandidate({
        platform: 'nasa',
        sourceId: id,
        url: page,
        title: plainText(data!.title ?? '') || id,
        rank: 0,
      }),
      description: plainText(data!.description ?? '') || null,
      uploader: uploaderOf(data!),
      publishedAt: isoDate(data!.date_created),
      licence: LICENCE,
      licenceUrl: GUIDELINES,
      licenceEvidence: {
        field: 'media guidelines',
        value: 'NASA content is generally not subject to copyright in the United States',
        page: GUIDELINES,
        retrievedAt: new Date().toISOString(),
      },
      thumbnailUrl: preview ? fetchable(preview, settings.nasaUrl) : null,
    }
    try {
      const files = await client.files(item, signal)
      const file = versionIn(files)
      if (file) return { ...candidate, downloadUrl: file, ...captionsIn(files) }
      const message = `${page} has no MP4 version.`
      return { ...candidate, reject: { code: 'no-format', message } }
    } catch (thrown) {
      signal.throwIfAborted()
      const isOwn = thrown instanceof PermanentError || thrown instanceof InvalidInputError
      if (!isOwn) throw thrown
      return { ...candidate, reject: { code: thrown.code, message: thrown.message } }
    }
  }

  return {
    platform: 'nasa',
    async *discover(request, { signal }): AsyncIterable<Candidate> {
      signal.throwIfAborted()
      const items =
        request.urls.length > 0
          ? byUrl(request.urls, signal)
          : client.search({ q: request.query ?? '' }, signal)
      const seen = new Set<string>()
      for await (const item of items) {
        signal.throwIfAborted()
        const { nasa_id: id, media_type: type } = item.data[0]!
        if (seen.has(id) || (type && type !== 'video')) continue
        seen.add(id)
        yield { ...(await candidateOf(item, signal)), rank: seen.size - 1 }
      }
    },
  }
}

function versionIn(files: string[]): string | null {
  for (const version of VERSIONS) {
    const file = files.find((url) => new URL(url).pathname.endsWith(`~${version}.mp4`))
    if (file) return file
  }
  return null
}

/** NASA's own captions, `ID.vtt` or `ID.srt`; their language is not said. */
function captionsIn(files: string[]): Pick<Candidate, 'captions'> {
  const found = (['vtt', 'srt'] as const).flatMap((format) =>
    files
      .filter((url) => new URL(url).pathname.toLowerCase().endsWith(`.${format}`))
      .map((url) => ({ url, language: null, kind: 'human' as const, format })),
  )
  return found.length > 0 ? { captions: found } : {}
}

/** An item that only its address is known of; its files tell whether it is there. */
function unknownItem(id: string): NasaItem['data'][number] {
  return {
    nasa_id: id,
    title: null,
    description: null,
    media_type: null,
    center: null,
    date_created: null,
    photographer: null,
    secondary_creator: null,
  }
}

function uploaderOf(data: NasaItem['data'][number]): string {
  const person = data.photographer || data.secondary_creator
  const centre = data.center ? `NASA ${data.center}` : 'NASA'
  return person ? `${person} (${centre})` : centre
}

function isoDate(value: string | null | undefined): string | null {
  const time = value ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
