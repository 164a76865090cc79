// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SearchBar } from '../../../frontend/src/pages/search/search-bar.tsx'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

function show(q = '') {
  const asked: [string, boolean][] = []
  const bar = (words: string) => (
    <SearchBar q={words} onSearch={(text, typing) => asked.push([text, typing])} />
  )
  const { rerender } = render(bar(q))
  const input = screen.getByRole<HTMLInputElement>('textbox', { name: 'Search videos in words' })
  const type = (value: string) => fireEvent.change(input, { target: { value } })
  return { asked, input, type, address: (words: string) => rerender(bar(words)) }
}
const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms))

it('asks once after a pause in typing', () => {
  const { asked, type } = show()
  type('we')
  pass(399)
  type('weld')
  pass(399)
  expect(asked).toEqual([])
  pass(1)
  expect(asked).toEqual([['weld', true]])
})

it('asks at once on Enter, and not again after the pause', () => {
  const { asked, input, type } = show()
  type('weld')
  fireEvent.submit(input)
  pass(1000)
  expect(asked).toEqual([['weld', false]])
})

it('clears by its button and leaves the cursor there', () => {
  const { asked, input } = show('weld')
  fireEvent.click(screen.getByRole('button', { name: 'Clear the words' }))
  expect(asked).toEqual([['', false]])
  expect(input.value).toBe('')
  expect(document.activeElement).toBe(input)
})

it('follows the address when someone goes back, but keeps what is being typed', () => {
  const { input, type, address } = show('weld')
  address('drill')
  expect(input.value).toBe('drill')
  type('drill press ')
  address('drill press')
  expect(input.value).toBe('drill press ')
})

it('takes the cursor on a slash, unless someone types it', () => {
  const { input } = show()
  const other = document.body.appendChild(document.createElement('textarea'))
  other.focus()
  fireEvent.keyDown(other, { key: '/' })
  expect(document.activeElement).toBe(other)
  other.blur()
  fireEvent.keyDown(document.body, { key: '/' })
  expect(document.activeElement).toBe(input)
  other.remove()
})
