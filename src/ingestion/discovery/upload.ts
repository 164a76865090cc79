import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Storage } from '../../config/storage.ts'
import { InvalidInputError } from '../../errors.ts'
import { bareCandidate, type Candidate, type Source } from './source.ts'

/** Where uploads wait in the object store until they are videos: `incoming/<task>/<n>/<name>`. */
export const INCOMING_PREFIX = 'incoming/'

/** The objects of one task; its path. */
export function incomingPrefix(taskId: string): string {
  return `${INCOMING_PREFIX}${taskId}/`
}

/** Key of a task's `index`th file, from 0; `name` is one that a key takes. */
export function incomingKey(taskId: string, index: number, name: string): string {
  return `${incomingPrefix(taskId)}${String(index).padStart(4, '0')}/${name}`
}

/**
 * The files of an upload in the order they came, whatever their names: who sent them wants to know
 * of each what became of it. None when all of them are videos already.
 */
export function uploadSource(storage: Storage): Source {
  return {
    platform: 'upload',
    async *discover({ path: prefix }, { signal }): AsyncIterable<Candidate> {
      signal.throwIfAborted()
      if (!prefix?.startsWith(INCOMING_PREFIX)) {
        throw new InvalidInputError(
          'path-not-found',
          `Platform upload needs the prefix of its objects, got ${JSON.stringify(prefix ?? null)}.`,
        )
      }
      for await (const { key, bytes } of storage.list(prefix)) {
        signal.throwIfAborted()
        yield { ...candidateOf(key, prefix), incomingKey: key, bytes }
      }
    },
  }
}

function candidateOf(key: string, prefix: string): Candidate {
  const [index] = key.slice(prefix.length).split('/')
  const address = key.slice(INCOMING_PREFIX.length).split('/').map(encodeURIComponent).join('/')
  return bareCandidate({
    platform: 'upload',
    sourceId: createHash('sha256').update(key).digest('hex'),
    url: `upload:/${address}`,
    title: path.posix.basename(key),
    rank: Number(index),
  })
}
