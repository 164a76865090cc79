import { resolveEntities } from './entities.ts'

/** One line of captions; seconds on the video's timeline, end after start. */
export interface Caption {
  startTime: number
  endTime: number
  /** What is said, on one line, never empty. */
  text: string
}

/** A whole film has some 2,000; what has more is no captions file of one video. */
const MAX_CAPTIONS = 50_000
const MAX_TEXT = 2_000

/** `00:01:02.345 --> 00:01:04.000`, hours optional (WebVTT), a comma instead of the point (SubRip). */
const TIMES =
  /^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})(?:\s|$)/

/**
 * Reads WebVTT (W3C) or SubRip. Both are blocks parted by blank lines, each with a line of times;
 * blocks without one (headers, notes, styles) hold nothing said. Marks of style and voice, and what
 * only describes a sound (`[Music]`, `(applause)`, `♪`), are left out. A line that a rolling display
 * repeats from the caption before is said once. Damaged blocks are passed over; captions come out in
 * order of time, none beyond `duration` (seconds, when known). Work and memory grow with the length
 * of the text only.
 */
export function parseCaptions(file: string, duration: number | null): Caption[] {
  const captions: Caption[] = []
  let before: string[] = []
  const lines = file.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  for (let at = 0; at < lines.length && captions.length < MAX_CAPTIONS; at++) {
    const times = TIMES.exec(lines[at]!)
    if (!times) continue
    const startTime = secondsOf(times, 1)
    const endTime = Math.min(secondsOf(times, 5), duration ?? Number.POSITIVE_INFINITY)
    const said: string[] = []
    // A block ends at a blank line, or at the next one's times where the blank line was forgotten.
    while (at + 1 < lines.length && lines[at + 1]!.trim() !== '' && !TIMES.test(lines[at + 1]!)) {
      at++
      const text = plainText(lines[at]!)
      if (text !== '') said.push(text)
    }
    // SubRip's number of the next block, when its blank line was forgotten.
    if (TIMES.test(lines[at + 1] ?? '') && /^\d+$/.test(said.at(-1) ?? '')) said.pop()
    const fresh = said.filter((line) => !before.includes(line))
    before = said
    const text = fresh.join(' ').slice(0, MAX_TEXT)
    if (endTime > startTime && hasWords(text)) captions.push({ startTime, endTime, text })
  }
  return captions.sort((a, b) => a.startTime - b.startTime)
}

function secondsOf(match: RegExpExecArray, from: number): number {
  const [hours, minutes, seconds] = [0, 1, 2].map((i) => Number(match[from + i] ?? 0))
  return hours! * 3600 + minutes! * 60 + seconds! + Number(`0.${match[from + 3]}`)
}

function plainText(line: string): string {
  const written = line
    .slice(0, MAX_TEXT)
    .replaceAll(/<[^<>]*>/g, '')
    .replaceAll(/\{\\[^{}]*\}/g, '')
  return resolveEntities(written)
    .replaceAll(/\[[^[\]]*\]|[♪♫♩♬]/gu, ' ')
    .replace(/^\s*\([^()]*\)\s*$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text)
}
