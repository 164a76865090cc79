/**
 * A text cut into words for keyword matching: lower case, compatibility forms folded, anything
 * that is no letter or digit separates, and each word without its English plural ending.
 * `#3D-printed Parts!` gives `3d printed part`.
 */
export function keywordWords(text: string): string[] {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean)
    .map(singular)
}

/**
 * The positions of the words that a keyword covers in a text; empty when it is not there. The
 * keyword's words must follow each other, or be written as one (`3dprinting`, as hashtags are).
 */
export function keywordMatches(words: string[], keyword: string): Set<number> {
  const sought = keywordWords(keyword)
  const joined = singular(sought.join(''))
  const covered = new Set<number>()
  if (sought.length === 0) return covered
  for (let start = 0; start < words.length; start++) {
    if (sought.every((word, offset) => words[start + offset] === word)) {
      for (let offset = 0; offset < sought.length; offset++) covered.add(start + offset)
    } else if (words[start] === joined) {
      covered.add(start)
    }
  }
  return covered
}

/**
 * A word without its plural ending. Rough on purpose: both sides pass through it, so it only has
 * to treat a word and its plural alike (`axis` becomes `axi` in the keyword and in the text).
 */
function singular(word: string): string {
  if (word.length < 4 || word.endsWith('ss')) return word
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`
  if (/(?:ss|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2)
  return word.endsWith('s') ? word.slice(0, -1) : word
}
