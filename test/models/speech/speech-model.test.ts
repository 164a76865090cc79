import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SpeechResult } from '../../../src/models/speech/result.ts'
import { SpeechModel, type SpeechModelFiles } from '../../../src/models/speech/speech-model.ts'
import { testData } from '../../support/test-data.ts'
import { makeWav, speechModelFiles, wavHeader, wordErrors } from './speech-files.ts'

const files = speechModelFiles()
const CLIPS = [
  'jfk',
  'librivox-austen-0870',
  'librivox-austen-0880',
  'librivox-austen-0890',
  'librivox-austen-0920',
  'librivox-austen-0930',
  'beckett',
]
const transcriptsFile = testData('transcripts.json')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'forgeindex-speech-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe.skipIf(!files || !transcriptsFile)(
  'SpeechModel with real weights (models/whisper-base, models/silero-vad, transcripts.json)',
  () => {
    let model: SpeechModel
    let expected: Record<string, string>
    beforeAll(async () => {
      model = await SpeechModel.load(files!, { threads: 2 })
      expected = JSON.parse(await readFile(transcriptsFile!, 'utf8'))
    })
    afterAll(() => model.dispose())

    const clip = (name: string) => testData(`audio/${name}.wav`)!
    const wordsOf = (name: string) => expected[`audio/${name}.wav`]!
    const lavfi = (name: string, graph: string) =>
      makeWav(path.join(folder, `${name}.wav`), '-f', 'lavfi', '-i', graph)

    test('writes down seven clips with at most 3 wrong words of 104', async () => {
      let errors = 0
      for (const name of CLIPS) {
        const { text, language } = await model.transcribe(clip(name))
        errors += wordErrors(wordsOf(name), text)
        expect(language).toBe('en')
      }
      expect(errors).toBeLessThanOrEqual(3)
    })

    test('times the phrases of jfk in order, within its 11 s', async () => {
      const result = await model.transcribe(clip('jfk'))
      expect(result.durationSeconds).toBe(11)
      expect(result.segments.length).toBeGreaterThan(0)
      expectOrdered(result)
      expect(result.segments[0]!.startTime).toBeLessThan(0.6)
      expect(result.segments.at(-1)!.endTime).toBeGreaterThan(9.9)
      expect(result.segments.at(-1)!.endTime).toBeLessThanOrEqual(11)
      for (const segment of result.segments) {
        expect(segment.avgLogProb).toBeGreaterThan(-0.5)
        expect(segment.noSpeechProb).toBeLessThan(0.2)
      }
      expect(result.languageProbability).toBeGreaterThan(0.8)
      expect(result.dropped).toEqual([])
    })

    test.each([
      ['forwards, 3 s apart', CLIPS, 3],
      ['backwards, 12 s apart', [...CLIPS].reverse(), 12],
    ])('maps clips packed together back to where they are: %s', async (name, clips, gap) => {
      const { file, spans } = await join(name, clips, gap)
      const result = await model.transcribe(file)
      expectOrdered(result)
      let errors = 0
      for (const { clip: name, start, end } of spans) {
        const inside = result.segments.filter(
          ({ startTime }) => startTime >= start && startTime < end,
        )
        for (const segment of inside) expect(segment.endTime).toBeLessThanOrEqual(end + 0.25)
        errors += wordErrors(wordsOf(name), inside.map((segment) => segment.text).join(' '))
      }
      expect(errors).toBeLessThanOrEqual(3)
      expect(result.speechSeconds).toBeGreaterThan(30)
      expect(result.speechSeconds).toBeLessThan(46)
    })

    test('reports progress that grows to the length of the recording', async () => {
      const { file } = await join('progress', ['jfk', 'beckett'], 20)
      const seen: number[] = []
      const result = await model.transcribe(file, { onProgress: (seconds) => seen.push(seconds) })
      expect(seen.at(-1)).toBe(result.durationSeconds)
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
    })

    test('stops when told to, with the reason given', async () => {
      const stop = new AbortController()
      const reason = new Error('no longer wanted')
      setTimeout(() => stop.abort(reason), 150)
      const { file } = await join('stopped', CLIPS, 1)
      const running = model.transcribe(file, { signal: stop.signal })
      await expect(running).rejects.toBe(reason)
      await expect(model.transcribe(file, { signal: stop.signal })).rejects.toBe(reason)
    })

    test.each(['white', 'pink', 'brown'])(
      'hears no words in %s noise, soft or loud',
      async (colour) => {
        for (const amplitude of [0.02, 0.2, 0.9]) {
          const noise = `anoisesrc=color=${colour}:amplitude=${amplitude}:sample_rate=16000:duration=12:seed=5`
          expectNothingSaid(await model.transcribe(await lavfi('noise', noise)))
        }
      },
    )

    test('hears no words in hum, a pulsing machine and digital silence', async () => {
      const sounds = [
        'sine=frequency=50:sample_rate=16000:duration=12',
        'sine=frequency=440:sample_rate=16000:duration=12',
        'aevalsrc=0.3*sin(2*PI*120*t)*sin(2*PI*5*t)+0.1*sin(2*PI*900*t)*lt(mod(t\\,0.7)\\,0.2):s=16000:d=12',
        'anoisesrc=color=pink:amplitude=0.5:sample_rate=16000:duration=12:seed=3,tremolo=f=3:d=0.9',
        'anullsrc=sample_rate=16000:channel_layout=mono,atrim=duration=12',
      ]
      for (const sound of sounds) {
        expectNothingSaid(await model.transcribe(await lavfi('hum', sound)))
      }
    })

    const silent = ['videos/ocv-box.mp4', 'videos/edge/amx-silent-black-10s.mp4']
    test.skipIf(!silent.every(testData))(
      `hears no words in clips without speech (${silent.join(', ')})`,
      async () => {
        for (const video of silent) {
          const wav = await makeWav(path.join(folder, 'silent.wav'), '-i', testData(video)!)
          expectNothingSaid(await model.transcribe(wav))
        }
      },
    )

    test('takes an empty file and a header without samples as nothing said', async () => {
      const empty = path.join(folder, 'empty.wav')
      for (const bytes of [Buffer.alloc(0), wavHeader(0)]) {
        await writeFile(empty, bytes)
        const result = await model.transcribe(empty)
        expectNothingSaid(result)
        expect(result.durationSeconds).toBe(0)
      }
    })

    test('speaks German when the recording does', async () => {
      const multilingual = testData('audio/fw-multilingual.mp3')!
      const german = await makeWav(
        path.join(folder, 'german.wav'),
        ...['-ss', '31', '-t', '12', '-i', multilingual],
      )
      const result = await model.transcribe(german)
      expect(result.language).toBe('de')
      expect(result.languageProbability).toBeGreaterThan(0.9)
      expect(result.text).toMatch(/diese Software und die dazugehörigen/)
    })

    /** Clips one after the other with silence before, between and behind; where each one lies. */
    async function join(name: string, clips: string[], gapSeconds: number) {
      const file = path.join(folder, `${name.replaceAll(/\W+/g, '-')}.wav`)
      const inputs = clips.flatMap((one) => ['-i', clip(one)])
      const delayed = clips.map((_, i) => `[${i}]adelay=${gapSeconds * 1000},apad=pad_dur=0[a${i}]`)
      const labels = clips.map((_, i) => `[a${i}]`).join('')
      const graph = `${delayed.join(';')};${labels}concat=n=${clips.length}:v=0:a=1`
      await makeWav(file, ...inputs, '-filter_complex', graph)
      let at = 0
      const spans = []
      for (const one of clips) {
        const seconds = ((await readFile(clip(one))).length - 44) / 32_000
        spans.push({ clip: one, start: at + gapSeconds - 0.25, end: at + gapSeconds + seconds })
        at += gapSeconds + seconds
      }
      return { file, spans }
    }
  },
)

describe.skipIf(!files)('SpeechModel.load (models/whisper-base, models/silero-vad)', () => {
  test('names the file that is missing', async () => {
    for (const key of Object.keys(files!) as (keyof SpeechModelFiles)[]) {
      const absent = path.join(folder, `absent-${key}`)
      const loading = SpeechModel.load({ ...files!, [key]: absent }, { threads: 1 })
      await expect(loading).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'model-file-missing',
        message: expect.stringContaining(absent),
      })
    }
  })

  test('names the file that is damaged: cut off, or another model', async () => {
    const cut = path.join(folder, 'cut.onnx')
    await writeFile(cut, (await readFile(files!.vad)).subarray(0, 100_000))
    const other = path.join(folder, 'other.onnx')
    await copyFile(files!.vad, other)
    for (const changed of [
      { vad: cut },
      { encoder: cut },
      { encoder: other },
      { decoder: other },
    ]) {
      const [damaged] = Object.values(changed)
      await expect(
        SpeechModel.load({ ...files!, ...changed }, { threads: 1 }),
      ).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'model-file-damaged',
        message: expect.stringContaining(damaged!),
      })
    }
  })

  test('refuses a decoder and a configuration of different sizes', async () => {
    const config = path.join(folder, 'config.json')
    const known = JSON.parse(await readFile(files!.config, 'utf8'))
    for (const tiny of [{ decoder_layers: 4 }, { decoder_attention_heads: 16 }]) {
      await writeFile(config, JSON.stringify({ ...known, ...tiny }))
      await expect(SpeechModel.load({ ...files!, config }, { threads: 1 })).rejects.toMatchObject({
        code: 'model-file-damaged',
        message: expect.stringContaining(files!.decoder),
      })
    }
  })

  test('refuses a model whose features are made in another way', async () => {
    const preprocessorConfig = path.join(folder, 'preprocessor.json')
    const known = JSON.parse(await readFile(files!.preprocessorConfig, 'utf8'))
    await writeFile(preprocessorConfig, JSON.stringify({ ...known, hop_length: 320 }))
    await expect(
      SpeechModel.load({ ...files!, preprocessorConfig }, { threads: 1 }),
    ).rejects.toThrow(/hop_length/)
  })
})

function expectOrdered({ segments, durationSeconds }: SpeechResult) {
  let before = 0
  for (const { startTime, endTime, text } of segments) {
    expect(startTime).toBeGreaterThanOrEqual(before)
    expect(endTime).toBeGreaterThan(startTime)
    expect(text).not.toBe('')
    before = endTime
  }
  expect(before).toBeLessThanOrEqual(durationSeconds)
}

function expectNothingSaid(result: SpeechResult) {
  expect(result).toMatchObject({
    text: '',
    segments: [],
    language: null,
    languageProbability: null,
  })
}
