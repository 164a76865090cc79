import { expect, it } from 'vitest'
import { expectAllUnderstood } from './expectations.ts'
import { fuzz } from './fuzz.ts'

it('2,000 spoilt video files end in answers that a user understands', async () => {
  const result = await fuzz({ files: 2_000, seed: 20_261_123 })
  expect(result.outcomes).toHaveLength(2_000)
  expectAllUnderstood(result)
})
