import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { healthOf } from '../../health.ts'
import type { Services } from '../../services.ts'
import { countTasksByStatus, countVideosBy, libraryTotals } from '../../store/totals.ts'
import { health, stats } from '../schemas/status.ts'

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
    by_licence: await countVideosBy(db, 'licence'),
    tasks: await countTasksByStatus(db),
    library: { form: services.database.form },
  }))
}
