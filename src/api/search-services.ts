import type { SearchServices } from '../search/ranking.ts'
import type { Services } from '../services.ts'
import { findModelId } from '../store/models.ts'

/** What a search needs, as the installed models allow now. */
export async function searchServices({ database, models }: Services): Promise<SearchServices> {
  const clip = await models.describe('clip')
  return {
    database,
    modelId: await findModelId(database.db, clip.ref),
    embedText: clip.installed
      ? async (text, signal) => (await models.embedTexts([text], { signal }))[0]!
      : null,
  }
}
