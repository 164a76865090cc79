import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { startArchiveServer } from '../support/archive-server.ts'
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

it('forgeindex seed takes openly licensed videos, and the Internet Archive gives what Commons has not', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-seed-open-'))
  try {
    const clip = (name: string, pattern: string, seconds: number) =>
      makeClip(path.join(folder, name), { seconds, pattern })
    const facts = { width: 160, height: 120, duration: 2, mime: 'video/mp4' }
    // Commons has one video of each category but the last, and one that may not be used.
    const fixtures = []
    for (const [i, { name, words, pattern }] of CLIPS.slice(0, 4).entries()) {
      fixtures.push({ ...facts, pageid: i + 1, name, words, media: await clip(name, pattern, 2) })
    }
    const metadata = { LicenseShortName: null, LicenseUrl: null }
    const closed = { ...facts, pageid: 9, name: 'Unclear.mp4', words: 'lathe turning', metadata }
    await using commons = await startCommonsServer([
      ...fixtures,
      { ...closed, media: Buffer.from('never fetched') },
    ])
    const items = []
    for (const [i, { words, pattern }] of CLIPS.entries()) {
      const body = await clip(`archive-${i}.mp4`, pattern, 3)
      const film = { format: 'h.264', width: 160, height: 120, length: '3.0', body }
      items.push({
        identifier: `film-${i}`,
        metadata: { title: words, licenseurl: 'http://creativecommons.org/licenses/by/3.0/' },
        files: [{ ...film, name: `film-${i}.mp4` }],
      })
    }
    await using archive = await startArchiveServer(items)
    await using library = await programLibrary({
      FORGEINDEX_COMMONS_URL: commons.url,
      FORGEINDEX_ARCHIVE_URL: archive.url,
      FORGEINDEX_CONTACT: 'tests@example.org',
    })
    const seed = await library.run('seed', '--max-videos', '10', '--json')
    expect(seed.code, seed.stderr).toBe(0)
    const made = JSON.parse(seed.stdout) as {
      videos_processed: number
      items: { platform: string; category: string; videos_processed: number }[]
    }
    expect(made.videos_processed).toBe(9)
    expect(made.items.map((task) => [task.category, task.platform, task.videos_processed])).toEqual(
      CLIPS.flatMap((_, i) => {
        const category = ['cnc', 'welding', 'assembly', '3d_printing', 'lathe'][i]
        return [
          [category, 'commons', i < 4 ? 1 : 0],
          [category, 'archive', 1],
        ]
      }),
    )
    const { stdout } = await library.run('videos', '--json')
    const list = JSON.parse(stdout) as { items: { platform: string; licence: string }[] }
    expect(list.items.map(({ platform, licence }) => `${platform} ${licence}`).sort()).toEqual([
      ...Array.from({ length: 5 }, () => 'archive CC-BY-3.0'),
      ...Array.from({ length: 4 }, () => 'commons CC-BY-SA-4.0'),
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
