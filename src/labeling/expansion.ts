import { categoryOf } from './category.ts'
import { keywordMatches, keywordWords } from './keywords.ts'
import type { Taxonomy } from './taxonomy.ts'

/** More would be searches that nobody looks at, and each costs at a paid source. */
const MAX_VARIANTS = 20

/**
 * Further searches for what a query asks for: the keywords of the taxonomy's category that it fits
 * best, in the file's order, without those that it holds already. A keyword of one word means other
 * things elsewhere, so the category's name stands before it. Empty when no category fits, and for a
 * hashtag or a profile.
 */
export function queryVariants(taxonomy: Pick<Taxonomy, 'categories'>, query: string): string[] {
  if (/^[#@]/.test(query.trim())) return []
  const category = categoryOf(taxonomy, { query, title: '', tags: [] })
  const keywords = taxonomy.categories[category]
  if (!keywords) return []
  const name = category.replaceAll(/[_-]+/g, ' ')
  const variants = new Map<string, string>([[key(query), '']])
  for (const keyword of keywords) {
    if (keywordMatches(keywordWords(query), keyword).size > 0) continue
    const isAlone = keywordWords(keyword).length === 1 && !sharesStem(keyword, name)
    const variant = isAlone ? `${name} ${keyword}` : keyword
    if (!variants.has(key(variant))) variants.set(key(variant), variant)
  }
  return [...variants.values()].filter(Boolean).slice(0, MAX_VARIANTS)
}

/** `welder` says `welding` already. */
function sharesStem(keyword: string, name: string): boolean {
  const start = keyword.slice(0, 4).toLowerCase()
  return start.length === 4 && name.toLowerCase().startsWith(start)
}

/** Two searches with the same words, in whatever order, find the same. */
function key(text: string): string {
  return [...new Set(keywordWords(text))].sort().join(' ')
}
