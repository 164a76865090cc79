import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { STEP_NAMES } from '../../pipeline/step.ts'
import type { Services } from '../../services.ts'
import { candidatesOfTask } from '../../store/candidates.ts'
import { progressOfTasks } from '../../store/task-progress.ts'
import { getTask, listTasks } from '../../store/tasks.ts'
import { cancelTask, retryTask } from '../../tasks/control.ts'
import { idParams, page, pageQuery, problems } from '../schemas/common.ts'
import { candidatePage, candidatesQuery, retryBody, task } from '../schemas/tasks.ts'
import { taskJson } from '../task-json.ts'

export const taskRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { db } = services.database

  app.get(
    '/api/tasks',
    {
      schema: {
        tags: ['tasks'],
        querystring: pageQuery,
        response: { 200: page(task), ...problems },
      },
    },
    async ({ query }) => {
      const tasks = await listTasks(db, { limit: query.limit, cursor: query.cursor ?? null })
      const progress = await progressOfTasks(
        db,
        tasks.items.map((item) => item.id),
        STEP_NAMES,
      )
      return {
        items: tasks.items.map((item) => taskJson(item, progress.get(item.id)!)),
        next_cursor: tasks.nextCursor,
      }
    },
  )

  app.get(
    '/api/tasks/:id',
    { schema: { tags: ['tasks'], params: idParams, response: { 200: task, ...problems } } },
    async ({ params }) => await loadTaskJson(services, params.id),
  )

  app.get(
    '/api/tasks/:id/candidates',
    {
      schema: {
        tags: ['tasks'],
        params: idParams,
        querystring: candidatesQuery,
        response: { 200: candidatePage, ...problems },
      },
    },
    async ({ params, query }) => {
      const { id } = await getTask(db, params.id)
      const found = await candidatesOfTask(db, id, {
        state: query.state ?? null,
        limit: query.limit,
        cursor: query.cursor ?? null,
      })
      return {
        items: found.items.map((item) => ({
          url: item.url,
          title: item.title,
          platform: item.platform,
          state: item.state,
          reason_code: item.reasonCode,
          reason: item.reason,
          video_id: item.videoId,
          variant: item.variant,
          relevance: item.relevance,
        })),
        next_cursor: found.nextCursor,
      }
    },
  )

  app.post(
    '/api/tasks/:id/cancel',
    { schema: { tags: ['tasks'], params: idParams, response: { 202: task, ...problems } } },
    async ({ params }, reply) => {
      await cancelTask(services, params.id)
      return reply.code(202).send(await loadTaskJson(services, params.id))
    },
  )

  app.post(
    '/api/tasks/:id/retry',
    {
      schema: {
        tags: ['tasks'],
        description:
          'Takes up what failed for a reason that may pass, or only the classes in `codes`. Where others took ' +
          'the places of these videos, the task may end with more than it asked for.',
        params: idParams,
        body: retryBody,
        response: { 202: task, ...problems },
      },
    },
    async ({ params, body }, reply) => {
      await retryTask(services, params.id, body?.codes ?? null)
      return reply.code(202).send(await loadTaskJson(services, params.id))
    },
  )
}

/** One task with its counts, as the API shows it. @throws NotFoundError */
export async function loadTaskJson({ database }: Services, id: string) {
  const row = await getTask(database.db, id)
  const progress = await progressOfTasks(database.db, [row.id], STEP_NAMES)
  return taskJson(row, progress.get(row.id)!)
}
