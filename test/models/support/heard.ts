import { Writable } from 'node:stream'
import { pino } from 'pino'
import type { Logger } from '../../../src/log.ts'

/** A real logger whose lines a test can read, from a level on. */
export function heard(level: 'info' | 'warn' = 'warn'): {
  logger: Logger
  lines(): { level: number; msg: string }[]
} {
  const kept: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      kept.push(chunk.toString())
      done()
    },
  })
  const logger = pino({ level, base: null }, stream)
  return { logger, lines: () => kept.map((line) => JSON.parse(line)) }
}
