import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OwnLibrary, openOwnLibrary, type TaskAnswer } from '../support/own-library.ts'
import { testDatabaseUrl } from '../support/servers.ts'

type Answer = TaskAnswer & {
  task_id: string
  query: string | null
  platform: string
  max_videos: number
  urls: string[]
  taxonomy: string
  code: string
  detail: string
}

/** Nothing here needs the work done; the tasks stay as they were asked for. */
let library: OwnLibrary
beforeAll(async () => {
  library = await openOwnLibrary(
    {},
    { form: testDatabaseUrl() ? 'server' : 'embedded', work: false },
  )
})
afterAll(() => library?.[Symbol.asyncDispose]())

const ingest = (body: unknown) => library.ask<Answer>('POST', '/api/ingest', body)

describe('a request to ingest', () => {
  const cases: [string, Record<string, unknown>, Partial<Answer>][] = [
    [
      'reads the count off the sentence',
      { query: '500 videos of CNC machining' },
      { query: 'CNC machining', max_videos: 500, platform: 'youtube' },
    ],
    [
      'takes the number that is given over the one in the sentence',
      { query: '500 videos of CNC machining', max_videos: 3 },
      { query: 'CNC machining', max_videos: 3 },
    ],
    [
      'takes the platform that is given',
      { query: '12 clips showing tig welding', platform: 'commons' },
      { query: 'tig welding', max_videos: 12, platform: 'commons' },
    ],
    [
      'asks for 20 when only words are given',
      { query: 'lathe' },
      { query: 'lathe', max_videos: 20 },
    ],
    [
      'leaves a number that counts nothing in the words',
      { query: '3D printing' },
      { query: '3D printing', max_videos: 20 },
    ],
    [
      'takes a lone address for what it is',
      { query: 'https://videos.example/a.mp4' },
      { query: null, platform: 'urls', urls: ['https://videos.example/a.mp4'] },
    ],
    [
      'knows whose address it is',
      { urls: ['https://www.youtube.com/watch?v=dQw4w9WgXcQ'] },
      { query: null, platform: 'youtube' },
    ],
    [
      'takes addresses of several platforms one by one',
      { urls: ['https://youtu.be/dQw4w9WgXcQ', 'https://videos.example/a.mp4'] },
      { platform: 'urls' },
    ],
    ['takes a path for a folder', { query: '/srv/clips' }, { platform: 'folder', query: null }],
    [
      'takes the greatest number allowed',
      { query: 'lathe', max_videos: 10_000 },
      { max_videos: 10_000 },
    ],
  ]
  it.each(cases)('%s', async (_name, body, expected) => {
    const answer = await ingest(body)
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({
      ...expected,
      status: 'pending',
      progress: 0,
      videos_found: 0,
      taxonomy: 'manufacturing',
    })
    expect(answer.body.task_id).toBe(answer.body.id)
    const { task_id: _, ...task } = answer.body
    expect((await library.ask('GET', `/api/tasks/${answer.body.id}`)).body).toEqual(task)
  })

  it.each([
    [
      'a count beyond the limit in the sentence',
      { query: '20000 videos of lathes' },
      'invalid-input',
    ],
    ['a count of 0 in the sentence', { query: '0 videos of lathes' }, 'invalid-input'],
    ['nothing but blanks', { query: '   ' }, 'invalid-input'],
    ['addresses without any', { platform: 'urls', urls: [] }, 'urls-missing'],
    ['words for the platform urls', { platform: 'urls', query: 'lathe' }, 'urls-missing'],
    ['an address of another kind', { urls: ['ftp://videos.example/a.mp4'] }, 'url-refused'],
    ['an address that is none', { urls: ['lathe'] }, 'url-refused'],
    ['an address with a password', { urls: ['https://me:pass@videos.example/'] }, 'url-refused'],
    ['a taxonomy that climbs', { query: 'lathe', taxonomy: '../x' }, 'taxonomy-not-found'],
    ['a taxonomy there is not', { query: 'lathe', taxonomy: 'kitchen' }, 'taxonomy-not-found'],
  ])('is refused for %s', async (_name, body, code) => {
    const before = await library.ask<{ items: unknown[] }>('GET', '/api/tasks?limit=200')
    const answer = await ingest(body)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.body.code).toBe(code)
    expect(answer.body.detail.length).toBeGreaterThan(20)
    const after = await library.ask<{ items: unknown[] }>('GET', '/api/tasks?limit=200')
    expect(after.body.items).toHaveLength(before.body.items.length)
  })

  it('makes its job with its task, and cancelling ends both', async () => {
    const { body } = await ingest({ query: 'to be cancelled' })
    const jobs = () =>
      library.services.database.pool.query<{ state: string }>(
        `select state from pgboss.job where name = 'ingest' and data ->> 'taskId' = $1`,
        [body.id],
      )
    expect((await jobs()).rows).toEqual([{ state: 'created' }])
    const cancelled = await library.ask<Answer>('POST', `/api/tasks/${body.id}/cancel`)
    expect(cancelled).toMatchObject({ status: 202, body: { status: 'cancelled', progress: 1 } })
    expect((await jobs()).rows).toEqual([{ state: 'cancelled' }])
    expect((await library.ask<Answer>('POST', `/api/tasks/${body.id}/retry`)).status).toBe(202)
    expect((await jobs()).rows.map(({ state }) => state).sort()).toEqual(['cancelled', 'created'])
  })
})
