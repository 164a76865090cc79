import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { insertVideo } from '../support/rows.ts'

let library: OwnLibrary
beforeAll(async () => {
  library = await openOwnLibrary({}, { work: false })
})
afterAll(() => library?.[Symbol.asyncDispose]())

it('tells where a video is from, what may be done with it, and how that is known', async () => {
  const page = 'https://commons.wikimedia.org/wiki/File:Bowl.webm'
  const id = await insertVideo(library.services.database.db, {
    platform: 'commons',
    source_id: '7',
    source_url: page,
    title: 'Bowl',
    query: 'lathe',
    uploader: 'Ann',
    licence: 'CC-BY-NC-4.0',
    licence_url: null,
    licence_evidence: JSON.stringify({
      field: 'extmetadata.LicenseShortName',
      value: 'CC BY-NC 4.0',
      page,
      retrievedAt: '2026-01-02T03:04:05.000Z',
    }),
    fetched_with: 'direct 0.1.0',
    fetched_at: '2026-01-02T03:05:00Z',
    published_at: '2020-05-06T00:00:00Z',
    content_sha256: 'ab'.repeat(32),
    bytes: 1234,
  })
  const evidence = {
    field: 'extmetadata.LicenseShortName',
    value: 'CC BY-NC 4.0',
    page,
    retrieved_at: '2026-01-02T03:04:05.000Z',
  }
  const url = 'https://creativecommons.org/licenses/by-nc/4.0/'
  const { status, body } = await library.ask('GET', `/api/videos/${id}/provenance`)
  expect(status).toBe(200)
  expect(body).toEqual({
    video_id: id,
    title: 'Bowl',
    platform: 'commons',
    source_id: '7',
    source_url: page,
    query: 'lathe',
    uploader: 'Ann',
    uploader_url: null,
    published_at: '2020-05-06T00:00:00.000Z',
    licence: 'CC-BY-NC-4.0',
    licence_spdx: 'CC-BY-NC-4.0',
    licence_name: 'Creative Commons Attribution-NonCommercial 4.0',
    licence_url: url,
    licence_is_open: false,
    needs_attribution: true,
    is_non_commercial: true,
    is_no_derivatives: false,
    licence_evidence: evidence,
    attribution: `"Bowl" by Ann, ${page}, CC-BY-NC-4.0 (${url})`,
    retrieved_at: '2026-01-02T03:05:00.000Z',
    fetched_with: 'direct 0.1.0',
    sha256: 'ab'.repeat(32),
    bytes: 1234,
  })
  const detail = await library.ask('GET', `/api/videos/${id}`)
  expect(detail.body).toMatchObject({
    licence: 'CC-BY-NC-4.0',
    licence_spdx: 'CC-BY-NC-4.0',
    licence_evidence: evidence,
    fetched_with: 'direct 0.1.0',
  })
})

it('claims nothing of a licence that is not known or not stated', async () => {
  const { db } = library.services.database
  const unknown = {
    licence_spdx: null,
    licence_name: null,
    licence_url: null,
    licence_is_open: null,
    needs_attribution: null,
    is_non_commercial: null,
    licence_evidence: null,
  }
  for (const licence of [null, 'Ask me first']) {
    const id = await insertVideo(db, { licence })
    const { body } = await library.ask('GET', `/api/videos/${id}/provenance`)
    expect(body).toMatchObject({ ...unknown, licence })
    expect(body.attribution).toMatch(licence ? /, Ask me first$/ : /, no licence stated$/)
  }
  const { status } = await library.ask('GET', `/api/videos/${crypto.randomUUID()}/provenance`)
  expect(status).toBe(404)
})
