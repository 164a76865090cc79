import { z } from 'zod'
import { DUPLICATE_KINDS, DUPLICATE_VERDICTS } from '../../store/schema.ts'

const share = z.number()
const seconds = z.number()

export const nearDuplicate = z
  .object({
    video_id: z.string(),
    title: z.string(),
    similarity: share.describe("Cosine similarity of the two videos' vectors"),
    thumbnail_url: z.string().nullable(),
    relation: z.enum(['earlier', 'later']).describe('Whether the other one came before this video'),
    kind: z
      .enum(DUPLICATE_KINDS)
      .nullable()
      .describe(
        '`exact`: the same pictures bit by bit; `re-encode`: the same from end to end; `excerpt`: part of one is in the other; `same-scene`: alike, but not the same event, no duplicate; null: not compared yet',
      ),
    start_time: seconds.nullable().describe('Where this video shows the same; null: nowhere'),
    end_time: seconds.nullable(),
    other_start_time: seconds.nullable(),
    other_end_time: seconds.nullable(),
    is_mirrored: z.boolean().describe('Left and right are swapped'),
    speed: z.number().describe('Time in the other one = speed · time in this one'),
    flagged: z
      .enum(['this', 'other'])
      .nullable()
      .describe('Which of the two counts as a duplicate of the other, better one; null: none'),
    cluster_id: z
      .string()
      .nullable()
      .describe('Names the group of duplicates; null when these two are none'),
    is_keeper: z.boolean().describe('The other one is the best of its group, the one to keep'),
    verdict: z.enum(DUPLICATE_VERDICTS).nullable().describe('What a person said of these two'),
  })
  .meta({ id: 'NearDuplicate' })
export type NearDuplicate = z.infer<typeof nearDuplicate>

export const verdictBody = z.strictObject({
  verdict: z
    .enum(DUPLICATE_VERDICTS)
    .nullable()
    .describe('Overrules what was found and outlives recomputing; null: as it was found'),
})
