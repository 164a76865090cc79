/** Entry of the thread that runs the embedded database; see `EmbeddedDatabase`. */
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import type { EmbeddedData, FromEmbedded, ToEmbedded } from './embedded-database.ts'

const { folder, snapshot } = workerData as EmbeddedData

try {
  const pglite = await PGlite.create({
    ...(folder ? { dataDir: folder } : {}),
    ...(snapshot ? { loadDataDir: snapshot } : {}),
    extensions: { vector },
  })
  // One after the other: there is one session, and answers go back in the order of the questions.
  let last = Promise.resolve()
  parentPort?.on('message', (message: ToEmbedded) => {
    last = last.then(() => obey(pglite, message))
  })
  tell({ type: 'opened' })
} catch (error) {
  tell({ type: 'not-opened', error })
}

async function obey(pglite: PGlite, message: ToEmbedded): Promise<void> {
  if (message.type === 'protocol') {
    const bytes = new Uint8Array(await pglite.execProtocolRaw(message.bytes))
    tell({ type: 'answer', connection: message.connection, bytes }, [bytes.buffer])
  } else if (message.type === 'hang-up') {
    // What a server does for a connection that goes: the next one must not fall into its transaction.
    await pglite.exec('rollback')
    await pglite.exec('discard all')
  } else {
    await pglite.close()
    parentPort?.close()
  }
}

function tell(message: FromEmbedded, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}
