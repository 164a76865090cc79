import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { parseCaptions } from '../media/captions.ts'
import type { OfferedCaptions, StoredCaptions } from '../store/schema.ts'
import { fetchSmall } from './fetch-small.ts'
import type { Guard } from './guard.ts'

export type CaptionOffer = OfferedCaptions

/** Captions on this disk. */
export interface SavedCaptions extends Omit<StoredCaptions, 'key'> {
  file: string
}

/** Ten hours of talk are 1 MB. */
const MAX_BYTES = 5 * 1024 ** 2

/**
 * The best of the captions that are offered, as `<folder>/captions.<format>`: people's before a
 * machine's (which the setting must allow), those in the language that is spoken (when that is
 * known) and no others, because a translation is not what is said. Null when there are none, or when
 * they cannot be had or read: the speech model listens then.
 *
 * @param spoken language of the video, as the source names it
 */
export async function saveCaptions(
  settings: Settings,
  guard: Guard,
  offers: readonly CaptionOffer[],
  folder: string,
  options: { spoken: string | null; signal: AbortSignal; headers: Record<string, string> },
): Promise<SavedCaptions | null> {
  for (const offer of rankOffers(settings, offers, options.spoken)) {
    try {
      const text = offer.text ?? (await fetchText(guard, offer.url!, options))
      if (parseCaptions(text, null).length === 0) continue
      const file = path.join(folder, `captions.${offer.format}`)
      await writeFile(file, text)
      return { file, language: offer.language, kind: offer.kind, format: offer.format }
    } catch (thrown) {
      options.signal.throwIfAborted()
      // The guard and the network speak in plain Errors here; anything else is a bug.
      if (!(thrown instanceof Error)) throw thrown
    }
  }
  return null
}

/** Those that may be used, the best first; at most three are tried. */
export function rankOffers(
  settings: Pick<Settings, 'captions'>,
  offers: readonly CaptionOffer[],
  spoken: string | null,
): CaptionOffer[] {
  if (settings.captions === 'ignore') return []
  const rank = ({ kind, language }: CaptionOffer) =>
    (kind === 'human' ? 0 : 2) + (language === null && spoken !== null ? 1 : 0)
  const usable = offers.filter(
    (offer) =>
      (offer.kind === 'human' || settings.captions === 'use-automatic') &&
      (offer.url !== null || offer.text !== undefined) &&
      (spoken === null || offer.language === null || base(offer.language) === base(spoken)),
  )
  // Several languages and none known to be the spoken one: any of them may be a translation.
  const languages = new Set(usable.map(({ language }) => language && base(language)))
  if (spoken === null && languages.size > 1) return []
  return usable.sort((a, b) => rank(a) - rank(b)).slice(0, 3)
}

/** `en` of `en-GB` and `en_US`. */
export function base(language: string): string {
  return language.toLowerCase().split(/[-_]/)[0]!
}

const track = z.array(
  z.object({
    ext: z.string(),
    url: z.string().optional(),
    data: z.string().optional(),
    protocol: z.string().nullish(),
  }),
)
const tracks = z.record(z.string(), z.unknown()).nullish().catch(null)
const infoSchema = z.object({
  language: z.string().nullish().catch(null),
  subtitles: tracks,
  automatic_captions: tracks,
})

/**
 * What yt-dlp's fields of a video say about its captions: `subtitles` are people's,
 * `automatic_captions` the platform's model's and its translations; `language` is the spoken one.
 */
export function captionsOfYtDlp(info: Record<string, unknown>): {
  offers: CaptionOffer[]
  spoken: string | null
} {
  const { language, subtitles, automatic_captions: automatic } = infoSchema.parse(info)
  const human = offersOf(subtitles, 'human')
  // Every other language of these is a translation by machine.
  const own = Object.entries(automatic ?? {}).filter(([name]) =>
    language ? base(name) === base(language) : name.endsWith('-orig'),
  )
  const machine = offersOf(Object.fromEntries(own), 'automatic')
  return { offers: [...human, ...machine], spoken: language || null }
}

function offersOf(
  found: Record<string, unknown> | null | undefined,
  kind: CaptionOffer['kind'],
): CaptionOffer[] {
  return Object.entries(found ?? {}).flatMap(([language, value]) => {
    const files = track.safeParse(value).data ?? []
    // A list of pieces (m3u8) is no file.
    const usable = files.filter(({ protocol }) => !protocol || /^https?$/.test(protocol))
    const best =
      usable.find(({ ext }) => ext === 'vtt') ?? usable.find(({ ext }) => ext === 'srt') ?? null
    if (!best || !(best.url || best.data)) return []
    return [
      {
        url: best.url ?? null,
        ...(best.data === undefined ? {} : { text: best.data }),
        language: language === 'und' ? null : language.replace(/-orig$/, ''),
        kind,
        format: best.ext as CaptionOffer['format'],
      },
    ]
  })
}

async function fetchText(
  guard: Guard,
  url: string,
  options: { signal: AbortSignal; headers: Record<string, string> },
): Promise<string> {
  return (await fetchSmall(guard, url, { ...options, maxBytes: MAX_BYTES })).toString('utf8')
}
