/**
 * A media server in a process of its own, so that what is measured does not share its event loop:
 * `/N.mp4` is a clip that differs from all others, after a latency. Prints its address.
 */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { variantOf } from '../../test/support/clip.ts'

const [clipFile, latency] = process.argv.slice(2)
const clip = readFileSync(clipFile ?? '')

const server = http.createServer((request, response) => {
  const n = Number(/^\/(?:\w+-)?(\d+)\.mp4/.exec(request.url ?? '')?.[1] ?? 0)
  setTimeout(() => {
    const body = variantOf(clip, n)
    response.writeHead(200, {
      'content-type': 'video/mp4',
      'content-length': body.length,
      etag: `"${n}"`,
    })
    response.end(body)
  }, Number(latency))
})
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
// Ends with its parent.
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
