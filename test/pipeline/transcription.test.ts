import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StepContext } from '../../src/pipeline/step.ts'
import { TranscriptionStep } from '../../src/pipeline/transcription.ts'
import { VideoFiles } from '../../src/pipeline/video-files.ts'
import { transcriptOf } from '../../src/store/transcripts.ts'
import { getVideo, updateVideo } from '../../src/store/videos.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'
import { insertVideo } from '../support/rows.ts'

const VTT =
  'WEBVTT\n\n00:01.000 --> 00:02.500\nHold it still.\n\n00:03.000 --> 00:04.000\n[Music]\n'

describe('the transcription step', () => {
  let library: OwnLibrary
  let id: string
  beforeAll(async () => {
    // No model is there: what comes out is from the captions or not at all.
    library = await openOwnLibrary({}, { work: false })
    const { database, storage } = library.services
    id = await insertVideo(database.db)
    const file = path.join(library.folder, 'captions.vtt')
    await writeFile(file, VTT)
    const key = `videos/${id}/captions.vtt`
    await storage.putFile(key, file)
    const captions = { key, language: 'en-GB', kind: 'human' as const, format: 'vtt' as const }
    await updateVideo(database.db, id, { captions })
  })
  afterAll(() => library[Symbol.asyncDispose]())

  async function contextWith(captions: 'use' | 'ignore') {
    const { database, storage, settings, models, logger } = library.services
    const { db } = database
    const video = await getVideo(db, id)
    const files = await VideoFiles.open(library.folder, storage, video, 'run')
    const { signal } = new AbortController()
    const shared = { video, settings: { ...settings, captions }, db, storage, models, logger }
    return {
      ...shared,
      files,
      signal,
      jobsAhead: [],
      keyframes: async () => [],
    } satisfies StepContext
  }

  it('takes the captions that came with the video, and says so', async () => {
    const { db } = library.services.database
    const report = await new TranscriptionStep().run(await contextWith('use'))
    await db.transaction().execute((trx) => report.write(trx))
    expect(report.counts).toEqual({ segments: 1, words: 3 })
    expect(report.modelName).toBeUndefined()
    expect(await transcriptOf(db, id)).toMatchObject({
      source: 'captions',
      language: 'en',
      fullText: 'Hold it still.',
      segments: [
        { startTime: 1, endTime: 2.5, text: 'Hold it still.', language: 'en', words: null },
      ],
    })
    const { body } = await library.ask('GET', `/api/videos/${id}/transcript`)
    expect(body).toMatchObject({
      source: 'captions',
      items: [{ text: 'Hold it still.', language: 'en', source: 'captions', words: null }],
    })
  })

  it('asks the model when captions are to be ignored; its input is another one then', async () => {
    const step = new TranscriptionStep()
    const ignoring = await contextWith('ignore')
    await expect(step.run(ignoring)).rejects.toThrow()
    expect(await step.fingerprint(ignoring)).not.toEqual(
      await step.fingerprint(await contextWith('use')),
    )
  })
})
