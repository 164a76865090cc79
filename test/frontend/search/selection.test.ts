import { describe, expect, it } from 'vitest'
import { createSelection } from '../../../frontend/src/lib/selection.ts'
import { facetRows } from '../../../frontend/src/pages/search/facet-order.ts'

const all = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, title: id.toUpperCase() }))
const video = (id: string) => ({ id, title: id.toUpperCase() })

describe('choosing videos', () => {
  it('takes in and out again, and knows the titles', () => {
    const selection = createSelection()
    selection.toggle(video('b'))
    selection.toggle(video('d'))
    expect([...selection.get()]).toEqual([
      ['b', 'B'],
      ['d', 'D'],
    ])
    selection.toggle(video('b'))
    expect([...selection.get().keys()]).toEqual(['d'])
  })

  it('extends from the last one toggled, either way, and keeps what was chosen', () => {
    const selection = createSelection()
    selection.toggle(video('a'))
    selection.toggle(video('d'))
    selection.extendTo(all, 'b')
    expect([...selection.get().keys()].sort()).toEqual(['a', 'b', 'c', 'd'])
    selection.extendTo(all, 'e')
    expect(selection.get().size).toBe(5)
  })

  it('starts a range at the card itself when the last one is not in the result any more', () => {
    const selection = createSelection()
    selection.toggle(video('gone'))
    selection.extendTo(all, 'c')
    expect([...selection.get().keys()]).toEqual(['gone', 'c'])
    selection.extendTo(all, 'not-there')
    expect(selection.get().size).toBe(2)
  })

  it('forgets where a range began when it is cleared', () => {
    const selection = createSelection()
    selection.toggle(video('a'))
    selection.clear()
    selection.extendTo(all, 'c')
    expect([...selection.get().keys()]).toEqual(['c'])
  })

  it('tells its listeners of changes alone', () => {
    const selection = createSelection()
    let heard = 0
    const leave = selection.subscribe(() => heard++)
    selection.clear()
    expect(heard).toBe(0)
    selection.addAll(all)
    selection.clear()
    expect(heard).toBe(2)
    leave()
    selection.addAll(all)
    expect(heard).toBe(2)
  })
})

describe('the values of a filter', () => {
  const values = [
    { value: 'person', count: 9 },
    { value: 'tool_usage', count: 4 },
    { value: 'car', count: 1 },
  ]

  it('stand selected first, also the one that no video has any more', () => {
    expect(facetRows(values, ['gone', 'car'], '')).toEqual([
      { value: 'gone', count: 0, selected: true },
      { value: 'car', count: 1, selected: true },
      { value: 'person', count: 9, selected: false },
      { value: 'tool_usage', count: 4, selected: false },
    ])
  })

  it('are found as they are read, and the selected ones stay in sight', () => {
    expect(facetRows(values, ['car'], 'Tool u').map(({ value }) => value)).toEqual([
      'car',
      'tool_usage',
    ])
  })
})
