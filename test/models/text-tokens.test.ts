import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { TextTokens } from '../../src/models/text-tokens.ts'
import { testData } from '../support/test-data.ts'
import { clipTokenizerJson } from './support/tiny-models.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'forgeindex-tokens-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const START = 49_406
const END = 49_407

describe("CLIP's byte-pair tokens", async () => {
  const file = path.join(folder, 'tokenizer.json')
  writeFileSync(file, JSON.stringify(clipTokenizerJson()))
  const tokens = await TextTokens.load(file, 77, END)

  it('merges pieces, lower-cases, closes each word, and adds start and end', () => {
    // Vocabulary of the helper: 'a</w>' 16, 'dog</w>' 18, '!</w>' 19.
    expect(tokens.encode('A  DOG!')).toEqual([START, 16, 18, 19, END])
    expect(tokens.encode('')).toEqual([START, END])
  })

  it('cuts a long text at 77 tokens and keeps the end token, which carries the meaning', () => {
    const ids = tokens.encode('dog '.repeat(200))
    expect(ids).toHaveLength(77)
    expect(ids[0]).toBe(START)
    expect(ids[75]).toBe(18)
    expect(ids[76]).toBe(END)
  })

  it('pads a batch to its longest text, or to the fixed length of the model', () => {
    const batch = tokens.batch(['a dog', 'a'], null)
    expect(batch).toMatchObject({ rows: 2, length: 4 })
    expect(batch.ids).toEqual([START, 16, 18, END, START, 16, END, END])
    expect(batch.mask).toEqual([1, 1, 1, 1, 1, 1, 1, 0])
    expect(tokens.batch(['a'], 77).ids).toHaveLength(77)
  })

  it('refuses a file that is no tokenizer', async () => {
    const broken = path.join(folder, 'broken.json')
    writeFileSync(broken, '{')
    await expect(TextTokens.load(broken, 77, 0)).rejects.toMatchObject({ code: 'model-unreadable' })
  })
})

const miniVl = testData('models/mini-vl/tokenizer.json')
it.skipIf(!miniVl)(
  'mini-vl cuts words into pieces as its manifest says: models/mini-vl/tokenizer.json',
  async () => {
    const tokens = await TextTokens.load(miniVl ?? '', 128, 0)
    const ids = [101, 1037, 3899, 2006, 1037, 10165, 102]
    expect(tokens.encode('a dog on a bicycle')).toEqual(ids)
    expect(tokens.encode('word '.repeat(500))).toHaveLength(128)
  },
)
