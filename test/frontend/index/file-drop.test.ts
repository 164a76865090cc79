import { expect, it } from 'vitest'
import { filesIn } from '../../../frontend/src/pages/index/use-file-drop.ts'

const entry = (name: string, rest: object) => ({ name, ...rest }) as unknown as FileSystemEntry
const file = (name: string) =>
  entry(name, { isFile: true, file: (give: (file: File) => void) => give(new File(['x'], name)) })
const unreadable = (name: string) =>
  entry(name, {
    isFile: true,
    file: (_give: unknown, fail: (error: Error) => void) => fail(new Error('It is gone.')),
  })
/** A folder that gives its entries in two turns, as browsers do. */
const folder = (name: string, entries: FileSystemEntry[]) =>
  entry(name, {
    isFile: false,
    createReader: () => {
      const turns = [entries.slice(0, 1), entries.slice(1), []]
      return { readEntries: (give: (some: FileSystemEntry[]) => void) => give(turns.shift() ?? []) }
    },
  })
const lockedFolder = entry('locked', {
  isFile: false,
  createReader: () => ({
    readEntries: (_give: unknown, fail: (error: Error) => void) => fail(new Error('')),
  }),
})

it('gives what can be read and names what cannot', async () => {
  const inside = folder('clips', [unreadable('gone.mp4'), file('b.mp4'), file('.hidden.mp4')])
  const { files, refused } = await filesIn([file('a.mp4'), inside, lockedFolder, file('c.mp4')])
  expect(files.map(({ name }) => name)).toEqual(['a.mp4', 'b.mp4', 'c.mp4'])
  expect(refused).toEqual([
    { name: 'gone.mp4', reason: 'cannot be read (It is gone.)' },
    { name: 'locked', reason: 'cannot be read' },
  ])
})

it('says when there was more than one drop gives', async () => {
  const full = folder(
    'many',
    Array.from({ length: 2_000 }, (_, i) => file(`${i}.mp4`)),
  )
  expect(await filesIn([full])).toMatchObject({ files: { length: 2_000 }, refused: [] })
  const { files, refused } = await filesIn([full, file('last.mp4')])
  expect(files).toHaveLength(2_000)
  expect(refused).toEqual([
    {
      name: 'The rest of what was dropped',
      reason: 'one drop gives at most 2,000 files; drop the rest by itself',
    },
  ])
})
