/** Most videos that one task may ask for, as the API has it. */
export const MAX_VIDEOS = 10_000
export const DEFAULT_VIDEOS = 20

/** The count that a sentence names (`500 videos of CNC machining`), as the server reads it; else null. */
export function countInWords(words: string): number | null {
  const match =
    /^(\d{1,3}(?:[,_]\d{3})+|\d{1,9}) (?:short )?(?:videos?|clips?) (?:of|about|showing|on|with) \S/i.exec(
      words.replace(/\s+/g, ' ').trim(),
    )
  return match?.[1] ? Number(match[1].replace(/[,_]/g, '')) : null
}

export interface AddressList {
  /** Each address once, in order. */
  urls: string[]
  /** Lines that are no http or https address; `line` counts from 1. */
  wrong: { line: number; text: string }[]
}

/** Addresses, one a line; empty lines and lines starting with `#` are left out. */
export function parseAddresses(text: string): AddressList {
  const urls = new Set<string>()
  const wrong: AddressList['wrong'] = []
  for (const [index, each] of text.split(/\r?\n/).entries()) {
    const line = each.trim()
    if (line === '' || line.startsWith('#')) continue
    if (isWebAddress(line)) urls.add(line)
    else wrong.push({ line: index + 1, text: line.slice(0, 80) })
  }
  return { urls: [...urls], wrong }
}

function isWebAddress(text: string): boolean {
  return !/\s/.test(text) && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

/** Most files of one upload, as the API has it. */
export const MAX_FILES = 1_000

/** The endings that the server takes for videos. */
const VIDEO_ENDINGS = new Set(
  'mp4 m4v mov mkv webm avi mpg mpeg ts m2ts mts flv wmv ogv gif 3gp asf'.split(' '),
)

/** For a file dialog's `accept`. */
export const ACCEPTED = ['video/*', ...[...VIDEO_ENDINGS].map((ending) => `.${ending}`)].join(',')

/** Why a file is not sent; null when it may be a video. What is inside is the server's to judge. */
export function whyNotSent(file: Pick<File, 'name' | 'size' | 'type'>): string | null {
  const dot = file.name.lastIndexOf('.')
  const ending = dot > 0 ? file.name.slice(dot + 1).toLowerCase() : ''
  if (!VIDEO_ENDINGS.has(ending) && !file.type.startsWith('video/')) {
    return ending ? `not a video (.${ending})` : 'not a video (its name has no ending)'
  }
  return file.size === 0 ? 'empty' : null
}
