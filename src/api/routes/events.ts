import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { EVENT_TYPES } from '../../events.ts'
import type { Services } from '../../services.ts'
import { eventsAfter, lastEventId, oldestEventId } from '../../store/events.ts'
import { getTask } from '../../store/tasks.ts'

const POLL_MS = 500
/** A comment this often keeps proxies from closing a quiet stream. */
const KEEP_ALIVE_MS = 15_000
const BATCH = 200

export const eventRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { db } = services.database
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())

  app.get(
    '/api/events',
    {
      schema: {
        tags: ['events'],
        description:
          `Server-sent events: ${EVENT_TYPES.join(', ')}. ` +
          'Send Last-Event-ID (or last_event_id) to get what was missed; an event `reset` says that ' +
          'some of it is no longer kept.',
        querystring: z.strictObject({
          task_id: z.string().max(100).optional(),
          last_event_id: z.coerce.number().int().min(0).optional(),
        }),
      },
    },
    async (request, reply) => {
      const { task_id: taskId } = request.query
      if (taskId !== undefined) await getTask(db, taskId)
      const given = Number(request.headers['last-event-id'] ?? request.query.last_event_id)
      const isGiven = Number.isInteger(given) && given >= 0
      let after = isGiven ? given : await lastEventId(db)
      // 0 asks for all there is; a later one was seen once, and what came after it may be gone.
      const oldest = isGiven && given > 0 ? await oldestEventId(db) : null
      const gone = new AbortController()
      reply.raw.on('close', () => gone.abort())
      const ended = AbortSignal.any([gone.signal, closing.signal])
      reply.hijack()
      reply.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      })
      reply.raw.write('retry: 2000\n\n')
      if (oldest !== null && after < oldest - 1) {
        reply.raw.write(`event: reset\ndata: ${JSON.stringify({ oldest })}\n\n`)
      }
      let spoke = Date.now()
      while (!ended.aborted) {
        try {
          const events = await eventsAfter(db, after, {
            ...(taskId === undefined ? {} : { taskId }),
            limit: BATCH,
          })
          let isFull = false
          for (const event of events) {
            after = event.id
            const data = { id: event.id, type: event.type, time: event.time, data: event.data }
            isFull = !reply.raw.write(
              `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(data)}\n\n`,
            )
            spoke = Date.now()
          }
          // A slow reader is waited for: what it has not taken is not read from the database yet.
          if (isFull) await once(reply.raw, 'drain', { signal: ended })
          if (events.length === BATCH) continue
        } catch (error) {
          if (ended.aborted) break
          // The database is away: the stream stays open and goes on when it is back.
          request.log.warn({ err: error }, 'events wait for the database')
        }
        if (Date.now() - spoke > KEEP_ALIVE_MS) {
          reply.raw.write(': still here\n\n')
          spoke = Date.now()
        }
        await sleep(POLL_MS, undefined, { signal: ended }).catch(() => undefined)
      }
      reply.raw.end()
    },
  )
}
