import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What one answer does instead of sending the whole file. */
export interface Behaviour {
  status?: number
  headers?: Record<string, string>
  /** Close the connection after so many bytes of the body. */
  cutAfterBytes?: number
  /** Say nothing more after so many bytes, and keep the connection. */
  stallAfterBytes?: number
  /** Milliseconds between pieces of 64 KiB. */
  pauseMs?: number
  /** Send nothing before this is settled. */
  after?: Promise<unknown>
  /** Answer 200 with everything although a range was asked for. */
  ignoreRange?: boolean
  body?: Buffer
}

export interface Request {
  path: string
  range: string | undefined
}

/**
 * A real HTTP server with files by path. `behave` is asked at each request how to answer;
 * undefined sends the file as a well-behaved hub would.
 */
export async function fileServer(
  files: Record<string, Buffer>,
  behave: (request: Request, count: number) => Behaviour | undefined = () => undefined,
) {
  const requests: Request[] = []
  const server = createServer((request, response) => {
    const asked = { path: request.url ?? '', range: request.headers.range }
    requests.push(asked)
    void answer(request, response, files[asked.path], behave(asked, requests.length) ?? {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  file: Buffer | undefined,
  behaviour: Behaviour,
): Promise<void> {
  const content = behaviour.body ?? file
  if (!content || behaviour.status) {
    response.writeHead(behaviour.status ?? 404, behaviour.headers).end()
    return
  }
  await behaviour.after
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const partial = start > 0 && !behaviour.ignoreRange
  if (partial && start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
    return
  }
  const body = partial ? content.subarray(start) : content
  response.writeHead(partial ? 206 : 200, {
    'content-length': body.length,
    ...(partial && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  })
  const stop = behaviour.cutAfterBytes ?? behaviour.stallAfterBytes ?? body.length
  for (let sent = 0; sent < stop; sent += 65_536) {
    const piece = body.subarray(sent, Math.min(stop, sent + 65_536))
    await new Promise((resolve) => response.write(piece, resolve))
    if (behaviour.pauseMs) await new Promise((resolve) => setTimeout(resolve, behaviour.pauseMs))
  }
  if (behaviour.cutAfterBytes !== undefined) response.destroy()
  else if (behaviour.stallAfterBytes === undefined) response.end()
}
