// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { actionOf, isTaken, KEY_HELP } from '../../../frontend/src/pages/video/state/keymap.ts'

const plain = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false }
const press = (key: string, keys: Partial<typeof plain> = {}) =>
  actionOf({ key, ...plain, ...keys })

describe('keys', () => {
  it('step by a second, with Shift by ten', () => {
    expect(press('ArrowRight')).toEqual({ do: 'seek-by', seconds: 1 })
    expect(press('ArrowLeft', { shiftKey: true })).toEqual({ do: 'seek-by', seconds: -10 })
  })

  it('zoom with plus on both its places', () => {
    expect(press('+', { shiftKey: true })).toEqual({ do: 'zoom-in' })
    expect(press('=')).toEqual({ do: 'zoom-in' })
  })

  it('leave the browser its own', () => {
    expect(press('c', { ctrlKey: true })).toBeNull()
    expect(press('ArrowLeft', { altKey: true })).toBeNull()
    expect(press('0', { metaKey: true })).toBeNull()
    expect(press('q')).toBeNull()
  })

  it('are all in the help, but for those that the page does not handle here', () => {
    const names: Record<string, string> = { Space: ' ', '←': 'ArrowLeft', '→': 'ArrowRight' }
    const elsewhere = ['Tab', '↑', '↓', 'Enter', '/']
    for (const key of KEY_HELP.flatMap(({ keys }) => keys)) {
      if (elsewhere.includes(key)) continue
      const name = key.replace('Shift ', '')
      expect(press(names[name] ?? name, { shiftKey: key.startsWith('Shift') }), key).not.toBeNull()
    }
  })
})

describe('who gets a key', () => {
  document.body.innerHTML = `
    <input id="text"><input id="box" type="checkbox"><button id="button">b</button>
    <div role="slider" id="volume" tabindex="0"></div>
    <div role="slider" data-timeline id="timeline" tabindex="0"></div>
    <button role="tab" id="tab">t</button><div role="dialog"><p id="dialog"></p></div>`
  const taken = (id: string, key: string) => isTaken(document.getElementById(id), key)

  it('is a text field for everything', () => {
    expect(['k', ' ', 'ArrowLeft', '?'].map((key) => taken('text', key))).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(taken('dialog', 'k')).toBe(true)
  })

  it('is a button for the space that presses it, not for the rest', () => {
    expect(taken('button', ' ')).toBe(true)
    expect(taken('button', 'k')).toBe(false)
    expect(taken('box', 'ArrowRight')).toBe(false)
  })

  it('is a slider or a tab for the arrows, but not the timeline, which is what they move', () => {
    expect(taken('volume', 'ArrowRight')).toBe(true)
    expect(taken('tab', 'Home')).toBe(true)
    expect(taken('timeline', 'ArrowRight')).toBe(false)
    expect(taken('timeline', ' ')).toBe(false)
  })
})
