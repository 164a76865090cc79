import { describe, expect, it } from 'vitest'
import { SkipStep } from '../../src/errors.ts'
import type { ModelHost } from '../../src/models/host.ts'
import type { SpeechResult } from '../../src/models/speech/result.ts'
import { ListenAhead, LookAhead } from '../../src/pipeline/look-ahead.ts'
import { Looker } from '../../src/pipeline/look-at.ts'

/** Says a vector that tells which file it is of; the real host is in the flow tests. */
function modelsThat(say: (file: string) => Promise<Float32Array>) {
  const asked: string[] = []
  let revision = 'first'
  const host = {
    describe: async () => ({ ref: { name: 'model', revision } }),
    embedImages: async ([file]: string[]) => {
      asked.push(file!)
      return [await say(file!)]
    },
  } as unknown as ModelHost
  return { host, asked, exchange: () => (revision = 'second') }
}

const vectorOf = (text: string) => Float32Array.of(Number(/\d+/.exec(text)?.[0]))
const pictures = ['1.jpg', '2.jpg', '3.jpg']

const lookAhead = (models: ModelHost) =>
  new LookAhead(models, { jobs: ['clip'], profile: 'exact' }, new AbortController().signal)

/** Looks at all three, and says what was looked at then and not before. */
async function look(looker: Looker) {
  const late: string[] = []
  const { results } = await looker.lookAt(
    'clip',
    { keys: pictures, pictures: pictures.map((name) => `store/${name}`), profile: 'exact' },
    async (files) => {
      late.push(...files)
      return files.map(vectorOf)
    },
  )
  return { late, results: results.map(([value]) => value) }
}

describe('looking at pictures while the video is decoded', () => {
  it('gives each picture what was said of it, and asks for the rest', async () => {
    const models = modelsThat(async (file) => vectorOf(file))
    const looker = new Looker()
    looker.ahead = lookAhead(models.host)
    looker.ahead.add('3.jpg', 'scratch/3.jpg')
    looker.ahead.add('1.jpg', 'scratch/1.jpg')
    expect(await look(looker)).toEqual({ late: ['store/2.jpg'], results: [1, 2, 3] })
    expect(models.asked.sort()).toEqual(['scratch/1.jpg', 'scratch/3.jpg'])
  })

  it('asks again for what failed, and shows no more', async () => {
    const models = modelsThat(async (file) => {
      if (file.includes('2')) throw new SkipStep('model-missing', 'It is not installed.')
      return vectorOf(file)
    })
    const looker = new Looker()
    looker.ahead = lookAhead(models.host)
    looker.ahead.add('1.jpg', 'scratch/1.jpg')
    looker.ahead.add('2.jpg', 'scratch/2.jpg')
    await new Promise((resolve) => setTimeout(resolve, 10))
    looker.ahead.add('3.jpg', 'scratch/3.jpg')
    const { late, results } = await look(looker)
    expect(results).toEqual([1, 2, 3])
    expect(late.sort()).toEqual(['store/2.jpg', 'store/3.jpg'])
  })

  it('takes nothing from a model that was exchanged meanwhile', async () => {
    const models = modelsThat(async () => Float32Array.of(99))
    const looker = new Looker()
    looker.ahead = lookAhead(models.host)
    for (const name of pictures) looker.ahead.add(name, `scratch/${name}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
    models.exchange()
    expect((await look(looker)).results).toEqual([1, 2, 3])
  })
})

describe('listening to the sound while the pictures are decoded', () => {
  const heard = { text: 'Hold it still.' } as SpeechResult
  const never = new AbortController().signal

  /** Says what was said once `finish` is called, or fails when the signal says so. */
  function listeners() {
    let revision = 'first'
    let finish = () => {}
    const host = {
      describe: async () => ({ ref: { name: 'model', revision } }),
      transcribe: (_: string, { signal }: { signal: AbortSignal }) =>
        new Promise<SpeechResult>((resolve, reject) => {
          finish = () => resolve(heard)
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        }),
    } as unknown as ModelHost
    return { host, exchange: () => (revision = 'second'), finish: () => finish() }
  }

  async function begun(models: ReturnType<typeof listeners>) {
    const ahead = new ListenAhead(never)
    ahead.begin(models.host, 'audio.wav')
    await new Promise((resolve) => setTimeout(resolve, 10))
    return ahead
  }

  it('gives what was heard', async () => {
    const models = listeners()
    const ahead = await begun(models)
    const taken = ahead.take(models.host, never)
    models.finish()
    expect(await taken).toBe(heard)
  })

  it('gives nothing when nothing was begun, and nothing of a model that was exchanged', async () => {
    const models = listeners()
    expect(await new ListenAhead(never).take(models.host, never)).toBeNull()
    const ahead = await begun(models)
    models.finish()
    models.exchange()
    expect(await ahead.take(models.host, never)).toBeNull()
  })

  it('ends what is out when the step that waits for it is stopped', async () => {
    const models = listeners()
    const ahead = await begun(models)
    const step = new AbortController()
    const taken = ahead.take(models.host, step.signal)
    step.abort(new Error('cancelled'))
    expect(await taken).toBeNull()
  })
})
