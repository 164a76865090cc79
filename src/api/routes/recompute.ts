import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { parseFilters } from '../../datasets/filters.ts'
import { InvalidInputError } from '../../errors.ts'
import type { StepName } from '../../pipeline/step.ts'
import type { Services } from '../../services.ts'
import type { TrialJob } from '../../store/trials.ts'
import { planRecompute, startRecompute } from '../../tasks/recompute.ts'
import {
  discardTrial,
  jobOfStep,
  modelsInUse,
  planTrial,
  promoteTrial,
  startTrial,
} from '../../tasks/trials.ts'
import { isoOrNull, problems } from '../schemas/common.ts'
import { jobModels, recomputeBody, recomputePlan, trialBody } from '../schemas/recompute.ts'

export const recomputeRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  app.get(
    '/api/recompute',
    { schema: { tags: ['recompute'], response: { 200: z.object({ items: z.array(jobModels) }) } } },
    async () => ({
      items: (await modelsInUse(services)).map((found) => ({
        job: found.job,
        step: found.step,
        configured: found.configured,
        active: found.active,
        promoted_at: isoOrNull(found.promotedAt),
        trial:
          found.trial && found.progress
            ? {
                model: found.trial,
                started_at: isoOrNull(found.trialStartedAt),
                videos: found.progress.videos,
                videos_done: found.progress.done,
                videos_failed: found.progress.failed,
              }
            : null,
      })),
    }),
  )

  app.post(
    '/api/recompute',
    {
      schema: {
        tags: ['recompute'],
        body: recomputeBody,
        response: { 200: recomputePlan, 202: recomputePlan, ...problems },
      },
    },
    async ({ body }, reply) => {
      const { step, model, dry_run: isDry = false } = body
      reply.code(isDry ? 200 : 202)
      if (model !== undefined) {
        const job = jobFor(step)
        if (body.filters) {
          throw new InvalidInputError(
            'trial-of-all',
            'A model is tried on all videos, so that it can take the place of the other one: leave the filters out.',
          )
        }
        const plan = await planTrial(services, job, model)
        if (!isDry) await startTrial(services, job, model)
        return { dry_run: isDry, ...plan, trial: { step: step!, model } }
      }
      const filters = parseFilters(body.filters ?? {})
      const plan = isDry
        ? await planRecompute(services, filters, { only: step })
        : await startRecompute(services, filters, step)
      return { dry_run: isDry, ...plan, trial: null }
    },
  )

  app.post(
    '/api/recompute/promote',
    {
      schema: {
        tags: ['recompute'],
        body: trialBody,
        response: { 200: z.object({ model: z.string(), videos: z.number().int() }), ...problems },
      },
    },
    async ({ body }) =>
      await promoteTrial(services, jobFor(body.step), { isPartial: body.partial ?? false }),
  )

  app.post(
    '/api/recompute/discard',
    {
      schema: {
        tags: ['recompute'],
        body: trialBody.omit({ partial: true }),
        response: { 200: z.object({ model: z.string() }), ...problems },
      },
    },
    async ({ body }) => await discardTrial(services, jobFor(body.step)),
  )
}

function jobFor(step: StepName | undefined): TrialJob {
  const job = step && jobOfStep(step)
  if (job) return job
  throw new InvalidInputError(
    'step-without-model',
    `Expected a step that runs a model of its own (embeddings, transcription or detection), got ${step ?? 'none'}.`,
  )
}
