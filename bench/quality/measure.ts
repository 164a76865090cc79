import type { ModelHost } from '../../src/models/host.ts'
import { scoreObjects } from './objects.ts'
import { scoreRetrieval } from './retrieval.ts'
import type { ModelScores } from './score.ts'
import { scoreWords } from './words.ts'

/**
 * Every score of the models that the settings choose and that are installed; one that is not has no entry.
 *
 * @param data the shared test data's folder
 */
export async function measureModels(host: ModelHost, data: string): Promise<ModelScores[]> {
  const measured: ModelScores[] = []
  for (const [job, score] of [
    ['detector', scoreObjects],
    ['clip', scoreRetrieval],
    ['speech', scoreWords],
  ] as const) {
    const { ref, installed } = await host.describe(job)
    if (installed) measured.push({ model: ref.name, scores: await score(host, data) })
  }
  return measured
}
