import { expect, it } from 'vitest'
import { scoreMeaning } from '../../../frontend/src/lib/scores.ts'
import { readEvidence } from '../../../frontend/src/pages/video/panels/activity-evidence.tsx'

it('reads what an activity was found by', () => {
  const sighting = {
    ...{ label: 'machine', source: 'clip', modelName: 'mini-vl', scoreKind: 'background_quantile' },
    ...{ keyframes: 2, maxConfidence: 0.99, meanConfidence: 0.97 },
  }
  expect(
    readEvidence({
      rule: 'automated_process',
      keyframeIds: ['a', 'b'],
      keyframeTimes: [1, 2.5],
      weakKeyframeIds: ['b'],
      bridgedKeyframeIds: ['c'],
      bridgedSeconds: 1.5,
      evidence: [sighting],
    }),
  ).toEqual({
    sightings: [
      {
        ...{ label: 'machine', source: 'clip', model: 'mini-vl', scoreKind: 'background_quantile' },
        ...{ keyframes: 2, max: 0.99, mean: 0.97 },
      },
    ],
    frames: [
      { id: 'a', time: 1, isWeak: false },
      { id: 'b', time: 2.5, isWeak: true },
    ],
    weak: 1,
    bridged: 1,
    bridgedSeconds: 1.5,
  })
})

it('reads what an older version wrote, and nothing from nothing', () => {
  const evidence = [{ label: 'machine', source: 'clip', keyframes: 3, maxConfidence: 0.957 }]
  expect(readEvidence({ keyframeIds: ['a'], evidence })).toMatchObject({
    sightings: [{ label: 'machine', source: 'clip', model: '', scoreKind: null, mean: null }],
    frames: [{ id: 'a', time: null, isWeak: false }],
    weak: 0,
    bridgedSeconds: null,
  })
  expect(readEvidence({ evidence: ['x', { label: 1 }] })).toMatchObject({
    sightings: [],
    frames: [],
  })
})

it('says what a score means, by its kind', () => {
  expect(scoreMeaning('background_quantile')).toMatch(/background frames that look less like it/)
  expect(scoreMeaning('softmax_share')).toMatch(/no probability/)
  expect(scoreMeaning(null)).toBeUndefined()
})
