import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { healthOf } from '../../health.ts'
import type { Services } from '../../services.ts'
import { countTasksByStatus, libraryTotals } from '../../store/totals.ts'
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
      const { coolingDown, commandPrefix, ...answer } = await ask()
      return reply.code(answer.status === 'down' ? 503 : 200).send({
        ...answer,
        command_prefix: commandPrefix,
        cooling_down: coolingDown.map((each) => ({ ...each, until: each.until.toISOString() })),
      })
    },
  )

  app.get('/stats', { schema: { tags: ['status'], response: { 200: stats } } }, async () => {
    const { byStatus, byPlatform, byCategory, byLicence, ...totals } = await libraryTotals(db)
    return {
      ...totals,
      by_status: byStatus,
      by_platform: byPlatform,
      by_category: byCategory,
      by_licence: byLicence,
      tasks: await countTasksByStatus(db),
      library: { form: services.database.form },
    }
  })
}
