import type { TranscriptSegment } from '../../../api/video.ts'

/** SubRip: numbered, comma before the milliseconds. */
export function toSrt(
  segments: readonly Pick<TranscriptSegment, 'start_time' | 'end_time' | 'text'>[],
): string {
  return segments
    .map(
      ({ start_time, end_time, text }, index) =>
        `${index + 1}\n${stamp(start_time, ',')} --> ${stamp(end_time, ',')}\n${oneParagraph(text)}\n`,
    )
    .join('\n')
}

/** WebVTT: `<` and `&` would be markup there. */
export function toVtt(
  segments: readonly Pick<TranscriptSegment, 'start_time' | 'end_time' | 'text'>[],
): string {
  const cues = segments.map(({ start_time, end_time, text }) => {
    const plain = oneParagraph(text)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
    return `${stamp(start_time, '.')} --> ${stamp(end_time, '.')}\n${plain}\n`
  })
  return ['WEBVTT\n', ...cues].join('\n')
}

/** An empty line would end the cue. */
const oneParagraph = (text: string) => text.trim().replace(/\s*\n\s*/g, '\n')

/** `01:02:03,450` from seconds. */
function stamp(seconds: number, point: ',' | '.'): string {
  const all = Math.max(0, Math.round(seconds * 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const whole = Math.floor(all / 1000)
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}${point}${String(all % 1000).padStart(3, '0')}`
}

/** Hands the browser a text as a file. */
export function downloadText(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** A file name from a title: nothing that any file system refuses. */
export function fileName(title: string, extension: string): string {
  const base = title
    .replace(/\.[a-z0-9]{2,4}$/i, '')
    .replace(/[^\p{L}\p{N} ._-]+/gu, '_')
    .trim()
    .slice(0, 100)
  return `${base || 'transcript'}.${extension}`
}
