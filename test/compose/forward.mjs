// node forward.mjs SOCKET PORT: hands connections on a Unix socket to a port of 127.0.0.1. Started
// inside the engine's network namespace, it makes the published port reachable from outside of it.
import { connect, createServer } from 'node:net'

const [socket, port] = process.argv.slice(2)
createServer((from) => {
  const to = connect(Number(port), '127.0.0.1')
  from.pipe(to).pipe(from)
  from.on('error', () => to.destroy())
  to.on('error', () => from.destroy())
}).listen(socket, () => process.stdout.write('ready\n'))
