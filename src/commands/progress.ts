/** A progress line on standard error. */
export interface ProgressLine {
  /** `share` 0–1 and a few words; null share when the end is not known. */
  show(share: number | null, words: string): void
  end(): void
}

const WIDTH = 24
/** Without a terminal a new line is written at most this often, and only when something changed. */
const PLAIN_MS = 5_000

/** Redraws one line on a terminal; elsewhere writes a line now and then. */
export function progressLine(): ProgressLine {
  const isTerminal = process.stderr.isTTY === true
  let last = ''
  let lastAt = 0
  return {
    show(share, words) {
      const text =
        share === null
          ? words
          : `${bar(share)} ${String(Math.floor(share * 100)).padStart(3)} %  ${words}`
      if (text === last) return
      if (isTerminal) {
        const room = Math.max(20, (process.stderr.columns || 80) - 1)
        process.stderr.write(`\r\u001b[2K${text.slice(0, room)}`)
      } else if (Date.now() - lastAt >= PLAIN_MS) {
        process.stderr.write(`${text}\n`)
        lastAt = Date.now()
      } else {
        return
      }
      last = text
    },
    end() {
      if (isTerminal && last) process.stderr.write('\n')
    },
  }
}

function bar(share: number): string {
  const full = Math.round(Math.max(0, Math.min(1, share)) * WIDTH)
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}]`
}
