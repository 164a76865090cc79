import { z } from 'zod'
import { licenceIdOfUrl } from '../../licences/names.ts'
import { durationSeconds } from './durations.ts'
import { plainText } from './plain-text.ts'
import { bareCandidate, type Candidate } from './source.ts'

const MAX_LINES = 720
/** Of an item with more videos than this the first ones are taken. */
const MAX_VIDEOS = 100

/** Any value is a string or a list of them; numbers are strings. */
const words = z
  .union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))])
  .transform((value) => (Array.isArray(value) ? value : [value]).map(String))
  .catch([])
const one = words.transform(([first]) => first ?? null)

const file = z.object({
  name: z.string(),
  source: z.string().catch(''),
  original: one,
  format: one,
  size: one,
  length: one,
  width: one,
  height: one,
  sha1: one,
  private: one,
})
type ArchiveFile = z.infer<typeof file>

/** What `/metadata/{identifier}` answers, as far as it is used [archive.org/developers/md-read.html]. */
export const archiveItem = z.object({
  is_dark: z.boolean().nullish().catch(null),
  files: z
    .array(file.nullable().catch(null))
    .transform((files) => files.filter((each) => each !== null))
    .catch([]),
  metadata: z.record(z.string(), words).optional(),
})
export type ArchiveItem = z.infer<typeof archiveItem>

/** Formats that hold moving pictures, the ones to take first in front. */
const FORMATS: [RegExp, number][] = [
  [/^h\.264/i, 4],
  [/mpeg-?4|^mp4/i, 3],
  [/webm/i, 2],
  [/ogg video|quicktime|matroska|cinepack|divx|windows media|mpeg-?[12]|flash video|^avi$/i, 1],
]

/**
 * An item's videos as candidates, each in its best version of at most 720 lines; H.264 before others.
 * An item that must not be taken is one candidate with `reject`.
 *
 * @param options.needsLicence  refuse items that name none (searches do, named addresses do not)
 * @param options.only  the file that an address named
 */
export function archiveCandidates(
  identifier: string,
  item: ArchiveItem,
  options: { archiveUrl: string; retrievedAt: string; needsLicence: boolean; only: string | null },
): Candidate[] {
  const page = `${options.archiveUrl}/details/${encodeURIComponent(identifier)}`
  const field = (name: string) => item.metadata?.[name]?.[0] ?? null
  const title = plainText(field('title') ?? '') || identifier
  const bare = bareCandidate({
    platform: 'archive',
    sourceId: identifier,
    url: page,
    title,
    rank: 0,
  })
  const refused = (code: string, why: string) => [
    { ...bare, reject: { code, message: `${page} ${why}.` } },
  ]
  if (!item.metadata) return refused('video-gone', 'holds nothing (any more)')
  if (item.is_dark) return refused('video-gone', 'has been taken down')
  const type = field('mediatype')
  if (type !== null && type !== 'movies') return refused('not-a-video', `is of type ${type}`)
  const collections = item.metadata.collection ?? []
  if (field('access-restricted-item') === 'true' || collections.includes('stream_only')) {
    return refused('login-required', 'may be watched there but not downloaded')
  }
  const licenceUrl = licenceAddress(field('licenseurl'))
  if (options.needsLicence && licenceUrl === null) return refused('no-licence', 'names no licence')

  const groups = videosOf(item.files, options.only)
  if (groups.length === 0) return refused('not-a-video', 'holds no video file')
  const creator = item.metadata.creator?.join(', ') ?? ''
  const shared = {
    ...bare,
    description: plainText(item.metadata.description?.join(' ') ?? '') || null,
    uploader: plainText(creator) || field('uploader'),
    publishedAt: isoDate(field('date') ?? field('publicdate') ?? field('addeddate')),
    licence: licenceUrl && licenceIdOfUrl(licenceUrl),
    licenceUrl,
    licenceEvidence:
      licenceUrl === null
        ? null
        : {
            // Set by whoever uploaded it: a claim, which the page shows to anyone who wants to check.
            field: 'metadata.licenseurl',
            value: licenceUrl,
            page,
            retrievedAt: options.retrievedAt,
          },
    thumbnailUrl: `${options.archiveUrl}/services/img/${encodeURIComponent(identifier)}`,
  }
  return groups.slice(0, MAX_VIDEOS).map(([original, files]): Candidate => {
    const isOne = groups.length === 1 && options.only === null
    const candidate = isOne
      ? shared
      : {
          ...shared,
          sourceId: `${identifier}/${original}`,
          url: `${page}/${encodedPath(original)}`,
          title: `${title}: ${original}`,
        }
    const best = bestOf(files)
    if (!best) {
      const message = `${candidate.url} has no version of at most ${MAX_LINES} lines.`
      return { ...candidate, reject: { code: 'no-format', message } }
    }
    const [width, height, bytes] = [best.width, best.height, best.size].map(positive)
    return {
      ...candidate,
      downloadUrl: `${options.archiveUrl}/download/${encodeURIComponent(identifier)}/${encodedPath(best.name)}`,
      durationSeconds: durationSeconds(best.length ?? files.find(({ length }) => length)?.length),
      ...(width && height ? { width, height } : {}),
      ...(bytes ? { bytes } : {}),
      ...(best.sha1 && /^[0-9a-f]{40}$/i.test(best.sha1) ? { sha1: best.sha1.toLowerCase() } : {}),
    }
  })
}

/** Video files by the original that they were made from, in the item's order. */
function videosOf(files: ArchiveFile[], only: string | null): [string, ArchiveFile[]][] {
  const groups = new Map<string, ArchiveFile[]>()
  for (const each of files) {
    if (each.private === 'true' || formatRank(each) === 0) continue
    const original = each.source === 'derivative' && each.original ? each.original : each.name
    groups.set(original, [...(groups.get(original) ?? []), each])
  }
  const all = [...groups]
  if (only === null) return all
  return all.filter(([name, made]) => name === only || made.some((each) => each.name === only))
}

function bestOf(files: ArchiveFile[]): ArchiveFile | null {
  const fitting = files
    .map((each) => ({ each, rank: formatRank(each), lines: linesOf(each) }))
    .filter(({ lines }) => lines === null || lines <= MAX_LINES)
    // Of a version whose size is not told, any other one is preferred that has its format.
    .sort((a, b) => b.rank - a.rank || (b.lines ?? 0) - (a.lines ?? 0))
  return fitting[0]?.each ?? null
}

function formatRank({ format, name }: ArchiveFile): number {
  if (/\.(?:gif|jpe?g|png|srt|vtt|xml|torrent)$/i.test(name)) return 0
  return FORMATS.find(([pattern]) => pattern.test(format ?? ''))?.[1] ?? 0
}

/** The shorter side, so that an upright picture is judged as a lying one; null when not told. */
function linesOf({ width, height }: ArchiveFile): number | null {
  const [w, h] = [positive(width), positive(height)]
  return w && h ? Math.min(w, h) : null
}

function positive(value: string | null): number | null {
  const number = Number(value ?? Number.NaN)
  return Number.isFinite(number) && number > 0 ? number : null
}

function licenceAddress(value: string | null): string | null {
  const text = value?.trim() ?? ''
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : null
}

function encodedPath(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/')
}

/** Dates come as `1954`, `1954-03`, `2010-05-04 12:00:00`; those that are none are left out. */
function isoDate(text: string | null): string | null {
  if (text === null) return null
  const time = Date.parse(/^\d{4}(?:-\d{2}){0,2}$/.test(text) ? text : `${text.replace(' ', 'T')}Z`)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
