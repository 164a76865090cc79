import type { Profile } from '../config/settings.ts'
import { lastChanged } from '../media/still-frames.ts'

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

  /** @param look gives one result per file */
  async lookAt<Result>(
    pictures: string[],
    profile: Profile,
    look: (pictures: string[]) => Promise<Result[]>,
  ): Promise<Looked<Result>> {
    if (pictures.length === 0) return { results: [], counts: {} }
    if (profile === 'exact') return { results: await look(pictures), counts: {} }
    this.#sources ??= lastChanged(pictures)
    const sources = await this.#sources
    const changed = pictures.flatMap((_, index) => (sources[index] === index ? [index] : []))
    const results = await look(changed.map((index) => pictures[index]!))
    const place = new Map(changed.map((index, at) => [index, at]))
    return {
      results: sources.map((source) => results[place.get(source)!]!),
      counts: { carried_over: pictures.length - changed.length },
    }
  }
}
