import { SkipStep } from '../errors.ts'
import type { StepContext, StepInputs } from '../pipeline/step.ts'
import type { Taxonomy } from './taxonomy.ts'
import type { TrackedBox } from './tracking.ts'
import { wantedWords } from './words.ts'

/** A box of the open-vocabulary model. */
export interface FoundWord extends TrackedBox {
  label: string
  source: 'open_vocabulary'
}

/** What decides which words are found on a video: part of its step's fingerprint. */
export async function wordsFingerprint(
  { models, video }: Pick<StepInputs, 'models' | 'video'>,
  taxonomy: Taxonomy,
): Promise<unknown> {
  const { ref, installed } = await models.describe('open-vocabulary')
  return { ref, installed, words: wantedWords(taxonomy, video.openVocabulary ?? []) }
}

/**
 * The wanted words on each picture; none for a task that did not ask. A model that is not there makes
 * nothing up: its absence is said by name, and the step's other boxes stand.
 *
 * @returns one list per picture; the message for the user where something was left out
 */
export async function lookForWords(
  { models, video, signal }: Pick<StepContext, 'models' | 'video' | 'signal'>,
  pictures: readonly string[],
  taxonomy: Taxonomy,
): Promise<{ found: FoundWord[][]; message: string | null }> {
  if (!video.openVocabulary || pictures.length === 0) return { found: [], message: null }
  const words = wantedWords(taxonomy, video.openVocabulary)
  const labelOf = new Map(words.map(({ word, label }) => [word, label]))
  try {
    const { ref } = await models.describe('open-vocabulary')
    const boxes = await models.findWords(
      pictures,
      words.map(({ word }) => word),
      { signal },
    )
    const found = boxes.map((each) =>
      each.map((box) => ({
        ...box,
        label: labelOf.get(box.label) ?? box.label,
        sourceLabel: box.label,
        modelName: ref.name,
        source: 'open_vocabulary' as const,
      })),
    )
    return { found, message: null }
  } catch (error) {
    if (!(error instanceof SkipStep)) throw error
    return { found: [], message: `Words were not looked for. ${error.message}` }
  }
}
