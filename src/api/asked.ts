import { InvalidInputError } from '../errors.ts'
import type { Asked } from '../search/ranking.ts'

/**
 * What a search is asked, from its two parameters, of which exactly one is given.
 * @throws InvalidInputError `invalid-input`
 */
export function askedOf(q: string | undefined, similarTo: string | undefined): Asked {
  if (q !== undefined && similarTo !== undefined) {
    throw refused('similar_to', 'q or similar_to, not both', 'both')
  }
  if (q !== undefined) return { q }
  if (similarTo === undefined) throw refused('q', 'words, or similar_to', 'neither')
  const [kind, id] = similarTo.split(':') as ['video' | 'keyframe', string]
  return { similarTo: { kind, id } }
}

function refused(path: string, expected: string, got: string): InvalidInputError {
  return new InvalidInputError('invalid-input', `${path}: expected ${expected}, got ${got}.`, {
    faults: [{ path, expected, got }],
  })
}
