import { expect, it } from 'vitest'
import { MAX_WORDS, wantedWords } from '../../src/labeling/words.ts'

const taxonomy = {
  objects: { person: 'person', laptop: 'control_panel', tv: 'control_panel' },
  concepts: [{ name: 'hand_tool' }, { name: 'control_panel' }] as never,
}

it("looks for the taxonomy's concepts and objects, each once, as they are said", () => {
  expect(wantedWords(taxonomy, [])).toEqual([
    { word: 'hand tool', label: 'hand_tool' },
    { word: 'control panel', label: 'control_panel' },
    { word: 'person', label: 'person' },
  ])
})

it('looks for the words given instead, in the spelling of the taxonomy where it knows them', () => {
  expect(wantedWords(taxonomy, ['Hand tool', 'torque wrench', 'hand_tool'])).toEqual([
    { word: 'hand tool', label: 'hand_tool' },
    { word: 'torque wrench', label: 'torque wrench' },
  ])
})

it('looks for so many at most', () => {
  const many = Array.from({ length: MAX_WORDS + 5 }, (_, index) => `word ${index}`)
  expect(wantedWords(taxonomy, many)).toHaveLength(MAX_WORDS)
})
