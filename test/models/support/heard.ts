import { Writable } from 'node:stream'
import { pino } from 'pino'
import type { Logger } from '../../../src/log.ts'

/** A real logger whose lines a test can read. */
export function heard(): { logger: Logger; lines(): { level: number; msg: string }[] } {
  const kept: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      kept.push(chunk.toString())
      done()
    },
  })
  const logger = pino({ level: 'warn', base: null }, stream)
  return { logger, lines: () => kept.map((line) => JSON.parse(line)) }
}
