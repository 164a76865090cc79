import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Database } from '../../src/config/database.ts'
import { refreshDocument, searchDocuments, searchSpeech } from '../../src/store/documents.ts'
import { eachDatabase, emptyDatabase } from '../support/library.ts'
import { insertTags, insertTranscript, insertVideo } from '../support/rows.ts'

eachDatabase('full-text search', (open) => {
  let database: Database
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database?.close())
  beforeEach(() => emptyDatabase(database))

  const found = async (words: string) => await searchDocuments(database.db, words, {}, 10)

  it('finds words in title, tags, transcript and description, and says where', async () => {
    const { db } = database
    const video = await insertVideo(db, { title: 'Turning', description: 'A brass part' })
    await insertTags(db, video, ['3d printing', 'cnc'])
    await insertTranscript(db, video, [[0, 3, 'Now we tighten the chuck.']])
    await refreshDocument(db, video)
    expect(await found('turn')).toEqual([{ videoId: video, share: 1, matchedIn: ['title'] }])
    expect(await found('3D-printing')).toMatchObject([{ share: 1, matchedIn: ['tags'] }])
    expect(await found('chucks')).toMatchObject([{ matchedIn: ['transcript'] }])
    expect(await found('brass cnc welding')).toEqual([
      { videoId: video, share: 2 / 3, matchedIn: ['tags', 'description'] },
    ])
    expect(await found('welding')).toEqual([])
  })

  it('finds the words of a file name', async () => {
    const video = await insertVideo(database.db, { title: 'worker-zone_03.mp4' })
    await refreshDocument(database.db, video)
    for (const words of ['worker', 'zone', 'worker-zone.mp4', 'workers in the zone']) {
      expect(
        (await found(words)).map((hit) => hit.videoId),
        words,
      ).toEqual([video])
    }
  })

  it('puts more of the words first, then the weightier place', async () => {
    const { db } = database
    const inDescription = await insertVideo(db, { title: 'Shop', description: 'lathe and mill' })
    const inTitle = await insertVideo(db, { title: 'Lathe' })
    const lowest = await insertVideo(db, { title: 'Other', description: 'a lathe' })
    for (const id of [lowest, inTitle, inDescription]) await refreshDocument(db, id)
    const hits = await found('lathe mill')
    expect(hits.map((hit) => hit.videoId)).toEqual([inDescription, inTitle, lowest])
    expect(hits.map((hit) => hit.share)).toEqual([1, 0.5, 0.5])
  })

  it('finds nothing for common words, punctuation or control characters alone', async () => {
    const video = await insertVideo(database.db, { title: 'The who of it' })
    await refreshDocument(database.db, video)
    for (const words of ['the', 'of the', '?!', "'", '\\', '\0', '🙂', "a' | !b & (c"]) {
      expect(await found(words), JSON.stringify(words)).toEqual([])
    }
  })

  it('refuses a query of 10,000 characters', async () => {
    await expect(found('x'.repeat(10_000))).rejects.toMatchObject({ code: 'query-too-long' })
  })

  it('keeps to the filters and follows a change', async () => {
    const { db } = database
    const video = await insertVideo(db, { title: 'Lathe', platform: 'youtube' })
    await refreshDocument(db, video)
    expect(await searchDocuments(db, 'lathe', { platform: ['folder'] }, 10)).toEqual([])
    expect(await searchDocuments(db, 'lathe', { platform: ['youtube'] }, 10)).toHaveLength(1)
    await db.updateTable('videos').set({ title: 'Mill' }).where('id', '=', video).execute()
    await refreshDocument(db, video)
    expect(await found('lathe')).toEqual([])
  })

  it('takes a transcript of many hours', async () => {
    const { db } = database
    const video = await insertVideo(db)
    const words = Array.from({ length: 300_000 }, (_, i) => `word${i.toString(36)}`).join(' ')
    await insertTranscript(db, video, [[0, 9, 'Hello']])
    await db.updateTable('transcripts').set({ full_text: words }).execute()
    await refreshDocument(db, video)
    expect(await found('word0')).toMatchObject([{ videoId: video }])
  })

  it('gives the stretches of speech with the words, the fullest first', async () => {
    const { db } = database
    const video = await insertVideo(db)
    await insertTranscript(db, video, [
      [0, 2, 'Open the vise.'],
      [2, 4, 'Close the vise on the workpiece.'],
      [4, 6, 'Done.'],
    ])
    const hits = await searchSpeech(db, 'vise workpieces', [video], 5)
    expect(hits).toEqual([
      {
        videoId: video,
        startTime: 2,
        endTime: 4,
        text: 'Close the vise on the workpiece.',
        share: 1,
      },
      { videoId: video, startTime: 0, endTime: 2, text: 'Open the vise.', share: 0.5 },
    ])
    expect(await searchSpeech(db, 'vise', [video], 1)).toHaveLength(1)
    expect(await searchSpeech(db, 'vise', [], 1)).toEqual([])
  })
})
