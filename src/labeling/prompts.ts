import { createHash } from 'node:crypto'
import { meanVector } from './concepts.ts'
import type { Taxonomy } from './taxonomy.ts'

/** Vectors of a taxonomy's prompts by one model. */
export interface PromptVectors {
  /** One list of vectors per concept, in the taxonomy's order. */
  concepts: Float32Array[][]
  background: Float32Array[]
}

/** Where vectors of ensembles are kept, by `textsHash`. */
export interface PromptStore {
  get(hashes: string[]): Promise<Map<string, Float32Array>>
  keep(vectors: Map<string, Float32Array>): Promise<void>
}

/**
 * Embeds each prompt as an ensemble: in all of the taxonomy's templates, the vectors averaged and
 * brought to length 1. What the store has is not embedded again.
 */
export async function embedPrompts(
  taxonomy: Pick<Taxonomy, 'templates' | 'concepts' | 'background'>,
  embed: (texts: string[]) => Promise<ArrayLike<number>[]>,
  store?: PromptStore,
): Promise<PromptVectors> {
  const prompts = [
    ...taxonomy.concepts.flatMap((concept) => concept.prompts),
    ...taxonomy.background,
  ]
  const ensembles = new Map(
    prompts.map((prompt) => {
      const texts = taxonomy.templates.map((template) => template.replace('{}', () => prompt))
      return [prompt, { texts, hash: textsHash(texts) }]
    }),
  )
  const known = (await store?.get([...ensembles.values()].map(({ hash }) => hash))) ?? new Map()
  const missing = [...ensembles.values()].filter(({ hash }) => !known.has(hash))
  const made = await embedEnsembles(missing, embed)
  await store?.keep(made)
  const vectorOf = (prompt: string) => {
    const { hash } = ensembles.get(prompt)!
    return (known.get(hash) ?? made.get(hash))!
  }
  return {
    concepts: taxonomy.concepts.map((concept) => concept.prompts.map(vectorOf)),
    background: taxonomy.background.map(vectorOf),
  }
}

async function embedEnsembles(
  ensembles: { texts: string[]; hash: string }[],
  embed: (texts: string[]) => Promise<ArrayLike<number>[]>,
): Promise<Map<string, Float32Array>> {
  const texts = [...new Set(ensembles.flatMap((ensemble) => ensemble.texts))]
  if (texts.length === 0) return new Map()
  const vectors = await embed(texts)
  const byText = new Map(texts.map((text, index) => [text, vectors[index]!]))
  return new Map(
    ensembles.map((ensemble) => [
      ensemble.hash,
      Float32Array.from(meanVector(ensemble.texts.map((text) => byText.get(text)!))),
    ]),
  )
}

function textsHash(texts: string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex')
}
