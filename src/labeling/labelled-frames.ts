import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { InvalidInputError } from '../errors.ts'
import type { Taxonomy } from './taxonomy.ts'

/** A picture that a person has labelled. */
export interface LabelledFrame {
  /** Absolute path. */
  file: string
  /** Concepts that it shows; empty: none of the taxonomy's. */
  concepts: string[]
}

/** The folder of frames that show no concept. */
const NONE = 'none'
const PICTURE = /\.(jpe?g|png|webp)$/i

/**
 * Pictures by what they show: `FOLDER/<concept>/*.jpg`, a folder named `<concept>+<concept>` for those
 * that show both, and `none` for those that show nothing of the taxonomy. Names that begin with a dot
 * are left out. Sorted by path.
 *
 * @throws InvalidInputError `labelled-frames-unreadable` when the folder cannot be read, a folder in it
 *   is named after no concept, or there is no picture
 */
export async function readLabelledFrames(
  folder: string,
  taxonomy: Pick<Taxonomy, 'concepts' | 'name'>,
): Promise<LabelledFrame[]> {
  const known = new Set(taxonomy.concepts.map(({ name }) => name))
  const frames: LabelledFrame[] = []
  for (const { name } of (await entriesOf(folder)).filter((entry) => entry.isDirectory())) {
    const concepts = name === NONE ? [] : name.split('+')
    const unknown = concepts.find((concept) => !known.has(concept))
    if (unknown !== undefined) {
      throw refused(
        `a folder named after concepts of the taxonomy ${taxonomy.name} (${[...known].join(', ')}), several joined by +, or ${NONE}`,
        `${name}/`,
      )
    }
    for (const file of await entriesOf(path.join(folder, name))) {
      if (file.isFile() && PICTURE.test(file.name)) {
        frames.push({ file: path.resolve(folder, name, file.name), concepts })
      }
    }
  }
  if (frames.length === 0) {
    throw refused(
      `pictures (.jpg, .png, .webp) in folders named after what they show, as ${NONE}/ and ${[...known][0] ?? 'concept'}/`,
      `none in ${folder}`,
    )
  }
  return frames
}

async function entriesOf(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    throw refused('a folder that can be read', folder, error)
  }
}

function refused(expected: string, got: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(
    'labelled-frames-unreadable',
    `Expected ${expected}; got ${got}.`,
    cause === undefined ? {} : { cause },
  )
}
