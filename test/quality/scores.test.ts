import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { measureModels } from '../../bench/quality/measure.ts'
import { fallen, type ModelScores, type Score } from '../../bench/quality/score.ts'
import { readSettings } from '../../src/config/settings.ts'
import { createLogger } from '../../src/log.ts'
import { ModelHost } from '../../src/models/host.ts'
import { realModels } from '../support/own-library.ts'
import { testData } from '../support/test-data.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-scores-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const known = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../bench/quality/known-scores.json'), 'utf8'),
) as ModelScores[]

describe('labels against known answers', () => {
  const models = realModels()
  const data = testData('transcripts.json')
  it.skipIf(!models || !data)(
    'are as right as they were, for each model (skipped without the shared data: transcripts.json, models)',
    async () => {
      const settings = readSettings({ ...models!, FORGEINDEX_DATA_DIR: folder })
      await using host = new ModelHost(settings, createLogger('silent'))
      const now = await measureModels(host, path.dirname(data!))
      expect(now.map(({ model }) => model).sort()).toEqual(known.map(({ model }) => model).sort())
      expect(fallen(known, now)).toEqual([])
    },
    600_000,
  )

  it('have fallen when one is worse by more than its noise', () => {
    const score = (value: number, better: Score['better']): ModelScores[] => [
      { model: 'm', scores: [{ name: 's', value, unit: 'share', of: 10, noise: 0.1, better }] },
    ]
    expect(fallen(score(0.9, 'higher'), score(0.8, 'higher'))).toEqual([])
    expect(fallen(score(0.9, 'higher'), score(0.79, 'higher'))).toHaveLength(1)
    expect(fallen(score(0.2, 'lower'), score(0.3, 'lower'))).toEqual([])
    expect(fallen(score(0.2, 'lower'), score(0.31, 'lower'))).toHaveLength(1)
    expect(fallen(score(0.9, 'higher'), [])).toEqual(['m, s: not measured'])
  })
})
