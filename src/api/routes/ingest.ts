import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { InvalidInputError, TooLargeError, TransientError } from '../../errors.ts'
import type { Services } from '../../services.ts'
import { startTask } from '../../start-task.ts'
import { problems } from '../schemas/common.ts'
import { acceptedTask, ingestBody } from '../schemas/tasks.ts'
import { loadTaskJson } from './tasks.ts'

export const ingestRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/api/ingest',
    {
      schema: {
        tags: ['ingest'],
        body: ingestBody,
        response: { 202: acceptedTask, ...problems },
      },
    },
    async (request, reply) => {
      const { body } = request
      const id = await startTask(
        services,
        {
          query: body.query ?? null,
          platform: body.platform ?? null,
          urls: body.urls ?? [],
          path: body.path ?? null,
          maxVideos: body.max_videos ?? null,
          taxonomy: body.taxonomy ?? null,
        },
        { isLocalUser: request.isLocalUser ?? false },
      )
      return reply.code(202).send({ ...(await loadTaskJson(services, id)), task_id: id })
    },
  )

  app.post(
    '/api/upload',
    {
      schema: {
        tags: ['ingest'],
        consumes: ['multipart/form-data'],
        description: 'Videos as multipart field `file`, several allowed.',
        response: { 202: acceptedTask, ...problems },
      },
    },
    async (request, reply) => {
      const folder = path.join(services.settings.dataDir, 'incoming', randomUUID())
      try {
        const count = await receive(request, folder)
        if (count === 0) {
          throw new InvalidInputError(
            'no-file',
            'Send at least one video in the multipart field `file`.',
          )
        }
        const id = await startTask(
          services,
          {
            query: null,
            platform: 'upload',
            urls: [],
            path: folder,
            maxVideos: null,
            taxonomy: null,
          },
          { isLocalUser: true },
        )
        return reply.code(202).send({ ...(await loadTaskJson(services, id)), task_id: id })
      } catch (error) {
        await rm(folder, { recursive: true, force: true })
        throw error
      }
    },
  )
}

/** Streams each file part to disk; a part cut short or over the limit refuses the whole upload. */
async function receive(request: FastifyRequest, folder: string): Promise<number> {
  if (!request.isMultipart()) {
    throw new InvalidInputError(
      'not-multipart',
      'Expected multipart/form-data with the videos in the field `file`.',
    )
  }
  let count = 0
  for await (const part of request.parts()) {
    if (part.type !== 'file') continue
    if (part.fieldname !== 'file') {
      part.file.resume()
      throw new InvalidInputError(
        'invalid-input',
        `Expected the videos in the multipart field \`file\`, got one in ${JSON.stringify(part.fieldname.slice(0, 100))}.`,
      )
    }
    // A folder of its own, so that two files of one name do not meet.
    const own = path.join(folder, String(count).padStart(4, '0'))
    await mkdir(own, { recursive: true })
    try {
      await pipeline(part.file, createWriteStream(path.join(own, safeName(part.filename, count))))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      throw new TransientError(
        'disk-full',
        'The disk is full; free some space and send it again.',
        {
          cause: error,
        },
      )
    }
    if (part.file.truncated) {
      throw new TooLargeError(
        'too-large',
        'A file is larger than FORGEINDEX_MAX_UPLOAD_BYTES allows; nothing of this upload was kept.',
      )
    }
    count++
  }
  return count
}

/** The file's own name without folders and control characters; it becomes the title. */
function safeName(name: string | undefined, index: number): string {
  const base = path
    .basename((name ?? '').replaceAll('\\', '/'))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f]/g, '')
    .replace(/^\.+/, '')
  const extension = path.extname(base).slice(0, 20)
  const kept = Buffer.from(base.slice(0, base.length - extension.length))
    .subarray(0, 180)
    .toString()
  return kept ? `${kept}${extension}` : `upload-${index}${extension || '.mp4'}`
}
