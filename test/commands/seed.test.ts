import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { makeClip } from '../support/clip.ts'
import { startCommonsServer } from '../support/commons-server.ts'
import { programLibrary } from '../support/program.ts'

/** One clip for each category, found by the words that the seed looks for. */
const CLIPS = [
  { name: 'Milling.mp4', words: 'CNC machining', pattern: 'testsrc' },
  { name: 'Arc.mp4', words: 'welding metal', pattern: 'testsrc2' },
  { name: 'Plant.mp4', words: 'assembly line manufacturing', pattern: 'rgbtestsrc' },
  { name: 'Printer.mp4', words: '3D printing process', pattern: 'smptebars' },
  { name: 'Bowl.mp4', words: 'lathe turning', pattern: 'yuvtestsrc' },
]

it('forgeindex seed takes videos of all five categories by the ordinary path, and none twice', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-seed-'))
  try {
    const fixtures = []
    for (const [i, { name, words, pattern }] of CLIPS.entries()) {
      const media = await makeClip(path.join(folder, name), { seconds: 2, pattern })
      const facts = { width: 160, height: 120, duration: 2, mime: 'video/mp4' }
      fixtures.push({ ...facts, pageid: i + 1, name, words, media })
    }
    await using commons = await startCommonsServer(fixtures)
    await using library = await programLibrary({
      FORGEINDEX_COMMONS_URL: commons.url,
      FORGEINDEX_CONTACT: 'tests@example.org',
    })
    const seed = () => library.run('seed', '--platform', 'commons', '--max-videos', '5', '--json')
    const first = await seed()
    expect(first.code, first.stderr).toBe(0)
    expect(JSON.parse(first.stdout)).toMatchObject({ videos_processed: 5 })
    const list = JSON.parse((await library.run('videos', '--json')).stdout) as {
      items: { title: string; category: string; status: string; licence: string }[]
    }
    const found = list.items.map(({ title, category, status }) => [title, category, status]).sort()
    expect(found).toEqual([
      ['Arc.mp4', 'welding', 'completed'],
      ['Bowl.mp4', 'lathe', 'completed'],
      ['Milling.mp4', 'cnc', 'completed'],
      ['Plant.mp4', 'assembly', 'completed'],
      ['Printer.mp4', '3d_printing', 'completed'],
    ])
    const downloads = () => commons.requests.filter(({ path }) => path.startsWith('/media/')).length
    const before = downloads()
    expect((await seed()).code).toBe(0)
    expect(downloads()).toBe(before)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
