import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readVocabulary } from '../../../src/models/speech/vocabulary.ts'
import { testData } from '../../support/test-data.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-vocabulary-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(name: string, value: unknown): Promise<string> {
  const file = path.join(folder, name)
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

const GENERATION = {
  decoder_start_token_id: 101,
  eos_token_id: 100,
  no_timestamps_token_id: 105,
  lang_to_id: { '<|en|>': 102, '<|de|>': 103 },
  task_to_id: { transcribe: 104 },
  suppress_tokens: [-1, 7],
}
/** "ü" is the bytes C3 BC, written Ã and ¼; a space is Ġ. */
const TOKENIZER = { model: { vocab: { Ġf: 0, Ã: 1, '¼': 2, r: 3, '.': 4, Ġdich: 5 } } }

describe('readVocabulary', () => {
  test('decodes bytes, joins characters that are parted among tokens, leaves special ids out', async () => {
    const { decode } = await readVocabulary(
      await write('tokenizer.json', TOKENIZER),
      await write('generation.json', GENERATION),
    )
    expect(decode([101, 0, 1, 2, 3, 5, 100, 200])).toBe(' für dich')
    expect(decode([1])).toBe('\ufffd')
  })

  test('looks ids up by name and takes no-speech from before no-timestamps when it has no name', async () => {
    const vocabulary = await readVocabulary(
      await write('tokenizer.json', TOKENIZER),
      await write('generation.json', GENERATION),
    )
    expect(vocabulary).toMatchObject({ noSpeech: 104, timestampBegin: 106, transcribe: 104 })
    expect(vocabulary.suppressed).toEqual([7])
    expect(vocabulary.languages.get(103)).toBe('de')
    const named = { ...TOKENIZER, added_tokens: [{ id: 99, content: '<|nocaptions|>' }] }
    const other = await readVocabulary(
      await write('tokenizer.json', named),
      await write('generation.json', GENERATION),
    )
    expect(other.noSpeech).toBe(99)
  })

  test('names a file that is missing, is no JSON, or lacks a field', async () => {
    const tokenizer = await write('tokenizer.json', TOKENIZER)
    const absent = path.join(folder, 'absent.json')
    await expect(readVocabulary(tokenizer, absent)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'model-file-missing',
      message: expect.stringContaining(absent),
    })
    const cut = await write('cut.json', '{"decoder_start')
    await expect(readVocabulary(tokenizer, cut)).rejects.toMatchObject({
      code: 'model-file-damaged',
      message: expect.stringContaining(cut),
    })
    const poor = await write('poor.json', { ...GENERATION, eos_token_id: undefined })
    await expect(readVocabulary(tokenizer, poor)).rejects.toThrow(/eos_token_id/)
  })

  const real = testData('models/whisper-base/tokenizer.json')
  const generation = testData('models/whisper-base/generation_config.json')
  test.skipIf(!real || !generation)(
    'reads the real vocabulary (models/whisper-base/tokenizer.json)',
    async () => {
      const vocabulary = await readVocabulary(real!, generation!)
      expect(vocabulary).toMatchObject({
        startOfTranscript: 50258,
        endOfText: 50257,
        transcribe: 50359,
        noSpeech: 50362,
        timestampBegin: 50364,
      })
      expect(vocabulary.languages.size).toBe(99)
      expect(vocabulary.decode([50258, 400, 370, 452, 7177, 6280, 50364])).toBe(
        ' And so my fellow Americans',
      )
    },
  )
})
