import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** What is said in the bench's clip, in this order, again and again. */
const READ_OUT = ['librivox-austen-0870', 'librivox-austen-0880', 'librivox-austen-0890'].concat([
  'librivox-austen-0920',
  'librivox-austen-0930',
  'jfk',
])

/** The words of the clip, repeated to at least `count`; null without the test data. */
export function wordsSaid(testData: string, count: number, files = READ_OUT): string[] | null {
  const file = path.join(testData, 'transcripts.json')
  if (!existsSync(file)) return null
  const texts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  const round = files.flatMap((name) => wordsOf(texts[`audio/${name}.wav`] ?? ''))
  if (round.length === 0) return null
  return Array.from({ length: count }, (_, i) => round[i % round.length]!)
}

/** Lower case, without punctuation; spoken abbreviations as they are read. */
export function wordsOf(text: string): string[] {
  const spoken = text
    .toLowerCase()
    .replace(/\bmr\b\.?/g, 'mister')
    .replace(/\bmrs\b\.?/g, 'missus')
  return spoken
    .replace(/[-–—]/g, ' ')
    .replace(/[^a-z0-9' ]/g, ' ')
    .split(/\s+/)
    .filter(Boolean)
}

/**
 * Least number of words to insert, drop or change (Levenshtein) to get from `heard` to the beginning of
 * `said`, however long: where the clip ends is not known to the word.
 */
export function wordErrors(heard: string[], said: string[]): number {
  let row = Array.from({ length: said.length + 1 }, (_, j) => j)
  for (const [i, word] of heard.entries()) {
    const next = [i + 1]
    for (let j = 1; j <= said.length; j++) {
      const changed = row[j - 1]! + (word === said[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return Math.min(...row)
}
