import { keywordMatches, keywordWords } from './keywords.ts'
import type { Taxonomy } from './taxonomy.ts'

/** What a category is read from. */
export interface CategoryInput {
  /** What the user asked for when the video was found; null when nothing was. */
  query: string | null
  title: string
  tags: string[]
}

/**
 * The title speaks of this video, the query of all that were found with it: one word of the title
 * outweighs two of the query.
 */
const TITLE_WEIGHT = 3
/** Words of one field beyond this add nothing, so a long tag list cannot outvote a title. */
const MAX_WORDS_PER_FIELD = 3

/**
 * The category that query, title and tags match best, or `other`. A category counts the words
 * that its keywords cover, so `CNC lathe` fits `lathe` (two words) better than `cnc` (one). The
 * first category in the taxonomy wins a tie.
 */
export function categoryOf(
  taxonomy: Pick<Taxonomy, 'categories'>,
  { query, title, tags }: CategoryInput,
): string {
  const fields = [
    { weight: TITLE_WEIGHT, texts: [title] },
    { weight: 1, texts: [query ?? ''] },
    { weight: 1, texts: [...new Set(tags)] },
  ].map(({ weight, texts }) => ({ weight, texts: texts.map(keywordWords) }))
  let best = { name: 'other', score: 0 }
  for (const [name, keywords] of Object.entries(taxonomy.categories)) {
    const score = fields.reduce(
      (sum, { weight, texts }) => sum + weight * coveredWords(texts, keywords),
      0,
    )
    if (score > best.score) best = { name, score }
  }
  return best.name
}

/** How many different words the keywords cover, at most MAX_WORDS_PER_FIELD. */
function coveredWords(texts: string[][], keywords: string[]): number {
  const covered = new Set<string>()
  for (const words of texts) {
    for (const keyword of keywords) {
      for (const position of keywordMatches(words, keyword)) covered.add(words[position]!)
    }
  }
  return Math.min(covered.size, MAX_WORDS_PER_FIELD)
}
