import { describe, expect, it } from 'vitest'
import { licenceId, licenceIdOfUrl, licenceOf } from '../../src/licences/names.ts'
import { LICENCES } from '../../src/licences/table.ts'
import { listVideos } from '../../src/store/video-list.ts'
import { eachDatabase } from '../support/library.ts'
import { insertVideo } from '../support/rows.ts'

describe('names', () => {
  it.each([
    ['CC BY-SA 4.0', 'CC-BY-SA-4.0'],
    ['CC-BY-SA-4.0', 'CC-BY-SA-4.0'],
    ['CC BY 3.0', 'CC-BY-3.0'],
    ['cc by-sa 2.5', 'CC-BY-SA-2.5'],
    ['CC BY-NC-ND 2.0', 'CC-BY-NC-ND-2.0'],
    ['CC BY-SA 3.0 de', 'CC-BY-SA-3.0-DE'],
    ['CC BY 3.0 us', 'CC-BY-3.0-US'],
    ['CC BY-SA 3.0 fr', 'LicenseRef-CC-BY-SA-3.0-FR'],
    ['CC BY-SA 2.1 jp', 'CC-BY-SA-2.1-JP'],
    ['Creative Commons Attribution-Share Alike 4.0 International', 'CC-BY-SA-4.0'],
    ['Creative Commons Attribution 3.0 Unported', 'CC-BY-3.0'],
    ['Creative Commons Attribution-NonCommercial-NoDerivs 2.0 Generic', 'CC-BY-NC-ND-2.0'],
    ['CC0', 'CC0-1.0'],
    ['CC0 1.0', 'CC0-1.0'],
    ['Public domain', 'LicenseRef-public-domain'],
    ['Creative Commons Attribution license (reuse allowed)', 'LicenseRef-CC-BY-YouTube'],
    ['Standard YouTube License', 'LicenseRef-YouTube-Standard'],
    ['GFDL', 'LicenseRef-GFDL'],
    ['GFDL 1.2', 'GFDL-1.2-only'],
    ['Pexels License', 'LicenseRef-Pexels'],
  ])('the licence %s is %s', (words, id) => {
    expect(licenceId(` ${words} `)).toBe(id)
  })

  it.each([
    'CC BY-SA 3.0 xx',
    'CC BY',
    'CC BY 9.9',
    'CC BY-XX 4.0',
    'CC BY 2.1',
    'Creative Commons Attribution-Whatever 4.0',
    'Attribution',
    'No restrictions',
    'CC BY-SA 4.0-3.0',
  ])('the licence %s keeps its words', (words) => {
    expect(licenceId(` ${words} `)).toBe(words)
    expect(licenceOf(words)).toBeNull()
  })
})

describe('the table', () => {
  it('gives each licence back by its id, in any case, and by its address', () => {
    expect(LICENCES.size).toBeGreaterThan(60)
    // These share one text, which does not tell the version.
    const shared = (id: string) => id.includes('GFDL')
    for (const licence of LICENCES.values()) {
      expect(licenceId(licence.id.toUpperCase())).toBe(licence.id)
      expect(licence.id).toMatch(/^[A-Za-z0-9.-]+$/)
      if (licence.url === null) continue
      expect(licenceIdOfUrl(licence.url)).toBe(shared(licence.id) ? 'LicenseRef-GFDL' : licence.id)
      const spelt = licence.url.replace('https://', 'http://').replace(/\/$/, '')
      expect(licenceIdOfUrl(spelt)).toBe(licenceIdOfUrl(licence.url))
    }
  })

  it('opens nothing that is non-commercial or without derivatives', () => {
    for (const { id, isOpen, isNonCommercial, isNoDerivatives } of LICENCES.values()) {
      expect([id, isNonCommercial]).toEqual([id, /-NC(-|$)/.test(id)])
      expect([id, isNoDerivatives]).toEqual([id, /-ND(-|$)/.test(id)])
      if (isOpen) expect([id, isNonCommercial || isNoDerivatives]).toEqual([id, false])
    }
    expect(licenceOf('CC BY-NC 4.0')).toMatchObject({ isOpen: false, needsAttribution: true })
    expect(licenceOf(null)).toBeNull()
  })
})

eachDatabase('the filter on licences', (open) => {
  it('takes exactly the open ones of the table for `open`, and each one by its id', async () => {
    await using database = await open()
    const { db } = database
    // Of the many ports without an SPDX id two stand for all: they differ in the place alone.
    const all = [...LICENCES.values()].filter(
      ({ id }) =>
        !/^LicenseRef-CC-.*-(?!FR$|SCOTLAND$)[A-Z]+$/.test(id) || id === 'LicenseRef-CC-BY-YouTube',
    )
    for (const { id } of all) await insertVideo(db, { title: id, licence: id })
    const titles = async (licence: string[]) => {
      const found: string[] = []
      let cursor: string | null = null
      do {
        const page = await listVideos(db, { licence }, { sort: 'title', limit: 200, cursor })
        found.push(...page.items.map(({ title }) => title))
        cursor = page.nextCursor
      } while (cursor)
      return found.sort()
    }
    const expected = all.filter(({ isOpen }) => isOpen).map(({ id }) => id)
    expect(await titles(['open'])).toEqual(expected.sort())
    for (const id of ['CC-BY-SA-3.0-DE', 'LicenseRef-public-domain', 'LicenseRef-Pexels', 'MIT']) {
      expect(await titles([id])).toEqual([id])
    }
    expect(await titles(['public domain'])).toEqual(['LicenseRef-public-domain'])
    expect(await titles(['cc by'])).toContain('LicenseRef-CC-BY-YouTube')
    expect(await titles(['cc by'])).not.toContain('CC-BY-NC-4.0')
  })
})
