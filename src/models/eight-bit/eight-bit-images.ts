import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import path from 'node:path'
import { env } from 'onnxruntime-node'
import { z } from 'zod'
import { toError } from '../../errors.ts'
import { type Images, ImageTower, type ModelFiles } from '../clip.ts'
import type { EmbeddingManifest } from '../manifest.ts'
import type { OpenSession } from '../onnx.ts'
import type { OnNote } from '../protocol.ts'
import { type Form, writeInEightBits } from './rewrite.ts'

/** Fastest first. */
const FORMS: readonly Form[] = ['columns', 'blocks']

/** Pictures whose vectors are compared before 8 bits take over. */
const COMPARED = 16

/**
 * Least cosine between a picture's vector in 8 and in 32 bits. At 0.999 the difference has length 0.045;
 * in 512 dimensions that moves the cosine with a text, whose steps of 0.01 matter, by 0.002 (standard
 * deviation, for a difference of any direction).
 */
const MIN_COSINE = 0.999

/** A picture more alike than this to the last one that was compared tells nothing new. */
const SAME_PICTURE = 0.98

/** Part of the files' names: files of another way of writing them are not used. */
const VERSION = 1

const verdictSchema = z.object({
  /** Null: no form is good enough, or nothing would be gained. */
  form: z.enum(['columns', 'blocks']).nullable(),
  leastCosine: z.number().nullable(),
})
type Verdict = z.infer<typeof verdictSchema>

interface Candidate {
  form: Form
  images: Images
}

/**
 * The image side of an image-text model in 8 bits, for the `fast` profile. Whether a network bears it
 * depends on its weights and on the processor, so it is measured with the first pictures, which get
 * their vectors from the network as it is: only when the vectors of 16 of them agree (cosine at least
 * 0.999) does the smaller network take over. What came out is kept beside it and holds for later runs.
 */
export class EightBitImages implements Images {
  readonly #name: string
  /** Gives the vectors: the network as it is until another was proven. */
  #images: Images
  readonly #candidates: AsyncGenerator<Candidate>
  readonly #decide: (verdict: Verdict) => Promise<void>
  readonly #onNote: OnNote
  /** The form being compared; null while it is written, and once all is decided. */
  #candidate: Candidate | null = null
  #compared: Float32Array[] = []
  #leastCosine = 1

  private constructor(
    name: string,
    images: Images,
    candidates: AsyncGenerator<Candidate>,
    decide: (verdict: Verdict) => Promise<void>,
    onNote: OnNote,
  ) {
    this.#name = name
    this.#images = images
    this.#candidates = candidates
    this.#decide = decide
    this.#onNote = onNote
    void this.#next()
  }

  /**
   * @param folder where the smaller networks and what was measured of them are kept
   * @param onNote hears in a sentence what was decided
   * @returns the network in 8 bits when it is known to be good enough, as it is when it is known not to
   *   be, else one that finds out
   * @throws PermanentError `model-unreadable`
   */
  static async load(
    manifest: EmbeddingManifest,
    files: ModelFiles,
    threads: number,
    open: OpenSession,
    folder: string,
    onNote: OnNote,
  ): Promise<Images> {
    const asItIs = () => ImageTower.load(manifest, files, threads, open)
    const source = files.image
    if (!source) return asItIs()
    const prefix = `${manifest.name.replace(/[^\w.-]/g, '_')}-`
    const name = `${prefix}${await stateOf(source)}`
    const fileOf = (form: Form) => path.join(folder, `${name}-${form}.onnx`)
    const verdictFile = path.join(folder, `${name}.json`)
    const load = async (form: Form) =>
      new OneByOne(
        await ImageTower.load(manifest, { ...files, image: fileOf(form) }, threads, open),
      )
    const verdict = await readVerdict(verdictFile)
    if (verdict?.form === null) return asItIs()
    if (verdict) {
      try {
        return await load(verdict.form)
      } catch {
        // Gone or damaged: it is written and compared again.
        await rm(fileOf(verdict.form), { force: true })
      }
    }
    async function* candidates(): AsyncGenerator<Candidate> {
      await mkdir(folder, { recursive: true })
      for (const form of FORMS) {
        // An earlier process may have written it and not seen enough pictures.
        const left = existsSync(fileOf(form)) ? await load(form).catch(() => null) : null
        if (!left && !(await writeInEightBits(source!, fileOf(form), form))) return
        yield { form, images: left ?? (await load(form)) }
      }
    }
    const decide = async (decided: Verdict) => {
      await writeFile(verdictFile, JSON.stringify(decided))
      for (const file of await readdir(folder)) {
        const isOurs = file.startsWith(prefix)
        const isKept =
          file === `${name}.json` || (decided.form && file === path.basename(fileOf(decided.form)))
        if (isOurs && !isKept) await rm(path.join(folder, file), { force: true })
      }
    }
    return new EightBitImages(manifest.name, await asItIs(), candidates(), decide, onNote)
  }

  prepare(files: readonly string[]): Promise<Float32Array[]> {
    return this.#images.prepare(files)
  }

  async run(pixels: readonly Float32Array[]): Promise<Float32Array> {
    const vectors = await this.#images.run(pixels)
    if (this.#candidate) await this.#compare(this.#candidate, pixels, vectors)
    return vectors
  }

  async dispose(): Promise<void> {
    await this.#candidates.return(undefined)
    await this.#candidate?.images.dispose()
    await this.#images.dispose()
  }

  async #compare(
    { form, images }: Candidate,
    pixels: readonly Float32Array[],
    vectors: Float32Array,
  ): Promise<void> {
    const dims = vectors.length / pixels.length
    try {
      for (const [index, picture] of pixels.entries()) {
        const vector = vectors.subarray(index * dims, (index + 1) * dims)
        const last = this.#compared.at(-1)
        if (last && cosine(last, vector) > SAME_PICTURE) continue
        this.#leastCosine = Math.min(this.#leastCosine, cosine(await images.run([picture]), vector))
        this.#compared.push(vector.slice())
        if (this.#leastCosine < MIN_COSINE || this.#compared.length >= COMPARED) break
      }
    } catch (error) {
      this.#onNote(`${this.#name} cannot run in 8 bits (${form}): ${toError(error).message}`)
      this.#leastCosine = -1
    }
    if (this.#leastCosine < MIN_COSINE) await this.#refuse({ form, images })
    else if (this.#compared.length >= COMPARED) await this.#accept({ form, images })
  }

  async #accept({ form, images }: Candidate): Promise<void> {
    const before = this.#images
    this.#images = images
    this.#candidate = null
    this.#tell(`runs in 8 bits (${form})`)
    await this.#keep({ form, leastCosine: this.#leastCosine })
    await before.dispose()
  }

  async #refuse({ form, images }: Candidate): Promise<void> {
    this.#candidate = null
    this.#tell(`is not run in 8 bits (${form})`)
    this.#compared = []
    this.#leastCosine = 1
    await images.dispose()
    void this.#next()
  }

  /** Nothing depends on it: without a smaller network the one that is there goes on. */
  async #next(): Promise<void> {
    try {
      const next = await this.#candidates.next()
      if (next.done) await this.#keep({ form: null, leastCosine: null })
      else this.#candidate = next.value
    } catch (error) {
      this.#onNote(`${this.#name} could not be brought to 8 bits: ${toError(error).message}`)
    }
  }

  async #keep(verdict: Verdict): Promise<void> {
    try {
      await this.#decide(verdict)
    } catch (error) {
      this.#onNote(`what was measured of ${this.#name} was not kept: ${toError(error).message}`)
    }
  }

  #tell(decided: string): void {
    const least = this.#leastCosine.toFixed(5)
    this.#onNote(
      `${this.#name} ${decided}: the vectors of ${this.#compared.length} pictures have a cosine of at least ${least} with those in 32 bits`,
      'info',
    )
  }
}

/**
 * Each picture in a run of its own: in the form `columns` the pictures of one run share a scale, and a
 * vector would depend on its company. Larger runs are no faster on a CPU.
 */
class OneByOne implements Images {
  readonly #images: Images

  constructor(images: Images) {
    this.#images = images
  }

  prepare(files: readonly string[]): Promise<Float32Array[]> {
    return this.#images.prepare(files)
  }

  async run(pixels: readonly Float32Array[]): Promise<Float32Array> {
    const vectors: Float32Array[] = []
    for (const picture of pixels) vectors.push(await this.#images.run([picture]))
    const dims = vectors[0]?.length ?? 0
    const all = new Float32Array(dims * vectors.length)
    for (const [index, vector] of vectors.entries()) all.set(vector, index * dims)
    return all
  }

  dispose(): Promise<void> {
    return this.#images.dispose()
  }
}

/** What the outcome depends on: the file as it is, the processor and the runtime. */
async function stateOf(source: string): Promise<string> {
  const { size, mtimeMs } = await stat(source)
  const processor = cpus()[0]?.model ?? ''
  return createHash('sha256')
    .update(JSON.stringify([VERSION, source, size, mtimeMs, processor, env.versions]))
    .digest('hex')
    .slice(0, 16)
}

async function readVerdict(file: string): Promise<Verdict | null> {
  try {
    return verdictSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return null
  }
}

/** Of two vectors of length 1. */
function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0)
}
