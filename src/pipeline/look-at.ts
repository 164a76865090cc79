import type { Profile } from '../config/settings.ts'
import { lastChanged } from '../media/still-frames.ts'
import type { LookAhead, PictureJob, Said } from './look-ahead.ts'

/** What a model says of each of some pictures. */
export interface Looked<Result> {
  /** One per picture. */
  results: Result[]
  /** How many of them were carried over from an earlier picture; in the `fast` profile only. */
  counts: { carried_over?: number }
}

/**
 * Looks at the pictures of one video. In the `fast` profile a picture that did not change is not looked
 * at: it gets the result of the last one that did. The pictures are compared once for all models.
 */
export class Looker {
  #sources: Promise<number[]> | null = null
  /** What models were asked before a step came to it. */
  ahead: LookAhead | null = null

  /**
   * @param keys of the pictures, as they were looked at ahead
   * @param look gives one result per file
   */
  async lookAt<J extends PictureJob>(
    job: J,
    { keys, pictures, profile }: { keys: string[]; pictures: string[]; profile: Profile },
    look: (pictures: string[]) => Promise<Said[J][]>,
  ): Promise<Looked<Said[J]>> {
    if (pictures.length === 0) return { results: [], counts: {} }
    if (profile === 'exact')
      return { results: await this.#lookAtAll(job, keys, pictures, look), counts: {} }
    this.#sources ??= lastChanged(
      pictures.map((picture, index) => this.ahead?.greysOf(keys[index]!) ?? picture),
    )
    const sources = await this.#sources
    const changed = pictures.flatMap((_, index) => (sources[index] === index ? [index] : []))
    const results = await this.#lookAtAll(
      job,
      changed.map((index) => keys[index]!),
      changed.map((index) => pictures[index]!),
      look,
    )
    const place = new Map(changed.map((index, at) => [index, at]))
    return {
      results: sources.map((source) => results[place.get(source)!]!),
      counts: { carried_over: pictures.length - changed.length },
    }
  }

  async #lookAtAll<J extends PictureJob>(
    job: J,
    keys: string[],
    pictures: string[],
    look: (pictures: string[]) => Promise<Said[J][]>,
  ): Promise<Said[J][]> {
    const ahead = (await this.ahead?.take(job, keys)) ?? keys.map(() => null)
    const results = new Map<number, Said[J]>()
    const fill = async (indexes: number[]) => {
      const found = indexes.length > 0 ? await look(indexes.map((index) => pictures[index]!)) : []
      for (const [at, index] of indexes.entries()) results.set(index, found[at]!)
    }
    const failed: number[] = []
    await Promise.all([
      fill([...ahead.keys()].filter((index) => ahead[index] === null)),
      ...ahead.map(async (asked, index) => {
        if (!asked) return
        const said = await asked
        if (said) results.set(index, said)
        else failed.push(index)
      }),
    ])
    await fill(failed.sort((a, b) => a - b))
    return pictures.map((_, index) => results.get(index)!)
  }
}
