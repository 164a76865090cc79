import { z } from 'zod'
import { filterQueryFields } from '../../datasets/filters.ts'
import { STEP_NAMES } from '../../pipeline/step.ts'
import { MODEL_JOBS } from '../../store/trials.ts'
import { isoDate, plainText } from './common.ts'

export const recomputeBody = z.strictObject({
  step: z.enum(STEP_NAMES).optional().describe('This step and those that read it alone'),
  model: plainText
    .trim()
    .min(1)
    .max(1_000)
    .optional()
    .describe(
      "Another model for the step, named as in the settings: it runs beside the library's until it is promoted",
    ),
  filters: z
    .strictObject(filterQueryFields)
    .optional()
    .describe('Which videos; not together with a model, which is tried on all'),
  dry_run: z.boolean().optional().describe('Only say how many and how long: nothing starts'),
})

export const recomputePlan = z
  .object({
    dry_run: z.boolean(),
    videos: z.number().int().describe('Completed videos that match'),
    stale: z.number().int().describe('Of these, with a step to run'),
    seconds: z
      .number()
      .nullable()
      .describe('Until all is done, with one worker; null when unknown'),
    steps: z.array(
      z.object({
        step: z.enum(STEP_NAMES),
        videos: z.number().int(),
        seconds: z.number().nullable().describe('Of work; null when nothing like it ran yet'),
      }),
    ),
    trial: z
      .object({ step: z.enum(STEP_NAMES), model: z.string() })
      .nullable()
      .describe('Set when a model was asked for'),
  })
  .meta({ id: 'RecomputePlan' })
export type RecomputePlanJson = z.infer<typeof recomputePlan>

export const jobModels = z.object({
  job: z.enum(MODEL_JOBS),
  step: z.enum(STEP_NAMES),
  configured: z.string().describe('By the settings'),
  active: z.string().nullable().describe('Promoted: does the job whatever the settings say'),
  promoted_at: isoDate.nullable(),
  trial: z
    .object({
      model: z.string(),
      started_at: isoDate.nullable(),
      videos: z.number().int(),
      videos_done: z.number().int(),
      videos_failed: z.number().int(),
    })
    .nullable(),
})
export type JobModelsJson = z.infer<typeof jobModels>

export const trialBody = z.strictObject({
  step: z.enum(STEP_NAMES).describe('embeddings, detection or transcription'),
  partial: z.boolean().optional().describe('Promote although videos are missing or failed'),
})
