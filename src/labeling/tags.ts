import { keywordMatches, keywordWords } from './keywords.ts'
import type { Taxonomy } from './taxonomy.ts'

/** What tags are made from; null and empty where there is nothing. */
export interface TagInput {
  query: string | null
  title: string
  description: string | null
  /** The full text of what is said. */
  transcript: string | null
  /** Labels of the activity segments. */
  activities: string[]
  /** Labels of the objects seen, in the taxonomy's words. */
  objects: string[]
}

/**
 * The automatic tags of a video: the taxonomy's tags whose keywords are in query, title,
 * description or transcript, the activities, and the objects. Lower case, each once, in
 * code-unit order.
 */
export function autoTags(
  taxonomy: Pick<Taxonomy, 'tags'>,
  { query, title, description, transcript, activities, objects }: TagInput,
): string[] {
  const texts = [query, title, description, transcript].map((text) => keywordWords(text ?? ''))
  const fromWords = Object.entries(taxonomy.tags)
    .filter(([, keywords]) =>
      keywords.some((keyword) => texts.some((words) => keywordMatches(words, keyword).size > 0)),
    )
    .map(([tag]) => tag)
  const tags = [...fromWords, ...activities, ...objects].map((tag) => tag.trim().toLowerCase())
  return [...new Set(tags.filter(Boolean))].sort()
}
