import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { healthOf } from '../../health.ts'
import type { Services } from '../../services.ts'
import { TASK_STATUSES } from '../../store/schema.ts'
import { countTasksByStatus, countVideosBy, libraryTotals } from '../../store/totals.ts'

const check = z.object({ ok: z.boolean(), detail: z.string() })

const health = z
  .object({
    status: z.enum(['ok', 'degraded', 'down']),
    checks: z.object({
      database: check,
      storage: check,
      ffmpeg: check,
      yt_dlp: check,
      models: z.record(
        z.string(),
        check.extend({ name: z.string(), command: z.string().optional() }),
      ),
    }),
  })
  .meta({ id: 'Health' })

const counts = z.record(z.string(), z.number().int())

const stats = z
  .object({
    videos: z.number().int(),
    hours: z.number(),
    keyframes: z.number().int(),
    detections: z.number().int(),
    duplicates: z.number().int(),
    bytes: z.number().int(),
    by_status: counts,
    by_platform: counts,
    by_category: counts,
    tasks: z.record(z.enum(TASK_STATUSES), z.number().int()),
  })
  .meta({ id: 'Stats' })

export const statusRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { db } = services.database
  const ask = healthOf(services)

  app.get(
    '/health',
    { schema: { tags: ['status'], response: { 200: health, 503: health } } },
    async (_request, reply) => {
      const answer = await ask()
      return reply.code(answer.status === 'down' ? 503 : 200).send(answer)
    },
  )

  app.get('/stats', { schema: { tags: ['status'], response: { 200: stats } } }, async () => ({
    ...(await libraryTotals(db)),
    by_status: await countVideosBy(db, 'status'),
    by_platform: await countVideosBy(db, 'platform'),
    by_category: await countVideosBy(db, 'category'),
    tasks: await countTasksByStatus(db),
  }))
}
