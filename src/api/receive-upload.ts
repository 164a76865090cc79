import { randomUUID } from 'node:crypto'
import path from 'node:path'
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyError, FastifyRequest } from 'fastify'
import type { Storage } from '../config/storage.ts'
import { ForgeindexError, InvalidInputError, TooLargeError, toError } from '../errors.ts'
import { incomingKey, incomingPrefix } from '../ingestion/discovery/upload.ts'
import { plainText } from './schemas/common.ts'

/** Of one form. The page refuses more files than these before it sends any (`MAX_FILES` there). */
export const UPLOAD_LIMITS = { files: 1_000, fields: 10, parts: 1_010 } as const

export interface ReceivedUpload {
  /** Id for the task that takes these files: their keys hold it. */
  taskId: string
  /** Prefix of the objects. */
  prefix: string
  taxonomy: string | null
  /** Removes the objects again. */
  discard(): Promise<void>
}

/**
 * Streams each file of a multipart request into the object store, in memory that does not grow with
 * it. What is wrong with one part refuses the whole, and nothing of it is kept.
 *
 * @throws InvalidInputError `not-multipart`, `no-file`, `upload-cut-short`, `invalid-input`
 * @throws TooLargeError `too-large`, `too-many-files`
 * @throws whatever the object store throws
 */
export async function receiveUpload(
  storage: Storage,
  request: FastifyRequest,
): Promise<ReceivedUpload> {
  if (!request.isMultipart()) {
    throw new InvalidInputError(
      'not-multipart',
      'Expected multipart/form-data with the videos in the field `file`.',
    )
  }
  const taskId = randomUUID()
  const prefix = incomingPrefix(taskId)
  const discard = async () => {
    // A store that fails here too keeps them for a day: housekeeping removes what has no task.
    await storage.deletePrefix(prefix).catch((error: unknown) => {
      request.log.warn({ err: toError(error), prefix }, 'a refused upload is not removed yet')
    })
  }
  let taxonomy: string | null = null
  let count = 0
  try {
    for await (const part of request.parts()) {
      if (part.type === 'file') {
        if (part.fieldname !== 'file') throw unknownField(part.fieldname)
        await receiveFile(storage, incomingKey(taskId, count, safeName(part.filename, count)), part)
        count++
      } else {
        if (part.fieldname !== 'taxonomy') throw unknownField(part.fieldname)
        taxonomy = taxonomyOf(part.value)
      }
    }
    if (count === 0) {
      throw new InvalidInputError(
        'no-file',
        'Send at least one video in the multipart field `file`.',
      )
    }
  } catch (error) {
    await discard()
    if (isTooMany(error)) throw tooMany(count, error)
    throw isKnown(error) ? error : cutShort(error)
  }
  return { taskId, prefix, taxonomy, discard }
}

async function receiveFile(storage: Storage, key: string, { file }: MultipartFile): Promise<void> {
  const tooLarge = new TooLargeError(
    'too-large',
    'A file is larger than FORGEINDEX_MAX_UPLOAD_BYTES allows; nothing of this upload was kept.',
  )
  // At once: else the rest would be read and thrown away first.
  file.once('limit', () => file.destroy(tooLarge))
  try {
    await storage.put(key, file)
  } catch (error) {
    throw file.truncated ? tooLarge : error
  }
  if (file.truncated) throw tooLarge
}

/** Ours, the store's, or a limit of the form; else the parser's, about a body that broke off. */
function isKnown(error: unknown): boolean {
  return error instanceof ForgeindexError || typeof (error as FastifyError).statusCode === 'number'
}

function isTooMany(error: unknown): boolean {
  const { code } = error as FastifyError
  return ['FST_FILES_LIMIT', 'FST_PARTS_LIMIT', 'FST_FIELDS_LIMIT'].includes(code)
}

/** @param count files that were read before the limit was met */
function tooMany(count: number, cause: unknown): TooLargeError {
  const most = UPLOAD_LIMITS.files.toLocaleString('en')
  const isFiles = count >= UPLOAD_LIMITS.files
  const expected = `at most ${most} files and ${UPLOAD_LIMITS.fields} text fields in one upload`
  const got = isFiles ? `more than ${most} files` : 'more parts than that'
  return new TooLargeError(
    'too-many-files',
    `Expected ${expected}, got ${got}; nothing of it was kept. Send the files in several uploads.`,
    { cause, faults: [{ path: 'file', expected, got }] },
  )
}

function cutShort(cause: unknown): InvalidInputError {
  return new InvalidInputError(
    'upload-cut-short',
    'The form ended before its end or cannot be read; nothing of it was kept. Send it again.',
    { cause },
  )
}

function unknownField(name: string): InvalidInputError {
  const got = JSON.stringify(name.slice(0, 100))
  const expected = 'the videos in `file`, and at most one text field `taxonomy`'
  return new InvalidInputError('invalid-input', `Expected ${expected}, got the field ${got}.`, {
    faults: [{ path: name.slice(0, 100), expected, got }],
  })
}

function taxonomyOf(value: unknown): string | null {
  if (value === '') return null
  const parsed = plainText.min(1).max(1_000).safeParse(value)
  if (parsed.success) return parsed.data
  const expected = 'a name of at most 1,000 characters'
  const got = JSON.stringify(value)?.slice(0, 100) ?? 'nothing'
  throw new InvalidInputError('invalid-input', `taxonomy: expected ${expected}, got ${got}.`, {
    faults: [{ path: 'taxonomy', expected, got }],
  })
}

/** The file's own name as the last part of a key; it becomes the title. */
export function safeName(name: string | undefined, index: number): string {
  const base = path.posix
    .basename((name ?? '').replaceAll('\\', '/'))
    .replace(/\p{Cc}/gu, '')
    .replace(/^\.+/, '')
  const extension = path.extname(base).slice(0, 20)
  // In bytes, since that is what a name may have 255 of.
  const kept = Buffer.from(base.slice(0, base.length - extension.length))
    .subarray(0, 170)
    .toString()
  // Last: the cut may have left half of a character.
  return (kept ? `${kept}${extension}` : `upload-${index}${extension || '.mp4'}`).replace(
    /\p{Cs}/gu,
    '\ufffd',
  )
}
