import { createHmac, timingSafeEqual } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A request as it came, and whether its signature holds. */
export interface Received {
  at: number
  headers: http.IncomingHttpHeaders
  raw: string
  body: { type: string; timestamp: string; data: Record<string, unknown> }
}

export interface Receiver extends AsyncDisposable {
  url: string
  hostAndPort: string
  received: Received[]
  /** What to answer, one for each request to come; 204 when there is none left. */
  answers: Answer[]
  /** Waits until so many have come, or one fits, and gives them. */
  until(done: (received: Received[]) => boolean): Promise<Received[]>
}

export type Answer =
  | { status: number; headers?: Record<string, string>; delayMs?: number }
  /** Cuts the connection without an answer. */
  | 'close'

/** A real receiver of webhooks on loopback. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const answers: Answer[] = []
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const raw = Buffer.concat(chunks).toString('utf8')
      received.push({ at: Date.now(), headers: request.headers, raw, body: JSON.parse(raw) })
      const answer = answers.shift() ?? { status: 204 }
      if (answer === 'close') return request.socket.destroy()
      if (answer.delayMs) await sleep(answer.delayMs)
      response.writeHead(answer.status, answer.headers).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const hostAndPort = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${hostAndPort}/hook`,
    hostAndPort,
    received,
    answers,
    async until(done) {
      const end = Date.now() + 60_000
      while (!done(received)) {
        if (Date.now() > end) throw new Error(`Not received: ${JSON.stringify(received)}`)
        await sleep(20)
      }
      return received
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/**
 * True when one of the signatures is right for this secret and the time is within five minutes:
 * written from the specification, knowing nothing of the program's own code.
 */
export function verifies(secret: string, { headers, raw }: Pick<Received, 'headers' | 'raw'>) {
  const id = String(headers['webhook-id'])
  const timestamp = String(headers['webhook-timestamp'])
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > 300)
    return false
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.${raw}`, 'utf8').digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .some((entry) => {
      const [version, given] = entry.split(',')
      const bytes = Buffer.from(given ?? '', 'base64')
      return version === 'v1' && bytes.length === right.length && timingSafeEqual(bytes, right)
    })
}
