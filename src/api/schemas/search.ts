import { z } from 'zod'
import { plainText } from './common.ts'
import { videoSummary } from './videos.ts'

const seconds = z.number()

/** A stretch of a video that answers, or the whole video when only its words do. */
export const moment = z
  .object({
    start_time: seconds,
    end_time: seconds,
    score: z.number(),
    keyframe_url: z.string().nullable(),
    reason: z.enum(['picture', 'speech', 'title', 'tags', 'description']),
    text: z.string().optional().describe('What is said; with reason speech'),
  })
  .meta({ id: 'Moment' })
export type Moment = z.infer<typeof moment>

export const searchResult = videoSummary
  .omit({ id: true, source_url: true })
  .extend({
    video_id: z.string(),
    score: z.number().min(0).max(1).describe('For ranking within one answer only'),
    moments: z.array(moment),
  })
  .meta({ id: 'SearchResult' })
export type SearchResult = z.infer<typeof searchResult>

/**
 * `hybrid`: pictures and words were searched; `words`: there is no model or no vector of it;
 * `similar`: pictures alone, by `similar_to`.
 */
export const searchMode = z.enum(['hybrid', 'words', 'similar'])
export type SearchMode = z.infer<typeof searchMode>

export const searchAnswer = z
  .object({
    query: z.string().nullable().describe('Null when `similar_to` was asked'),
    mode: searchMode,
    results: z.array(searchResult),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'SearchAnswer' })
export type SearchAnswer = z.infer<typeof searchAnswer>

/** The words of a search. */
export const searchWords = plainText.trim().min(1).max(1000).describe('What to look for, in words')

/** `video:<id>`: like the whole video; `keyframe:<keyframe id>`: like one picture. */
export const similarTo = z
  .string()
  .regex(/^(video|keyframe):[^:\s]{1,100}$/, { error: 'video:<id> or keyframe:<id>' })
  .describe('`video:<id>` or `keyframe:<keyframe id>`: what looks alike, instead of words')
