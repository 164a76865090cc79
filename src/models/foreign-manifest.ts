import { z } from 'zod'
import type { EmbeddingManifest } from './manifest.ts'
import { parseManifest } from './manifest.ts'

/**
 * The `model.json` that small image-text pairs such as mini-vl carry beside their weights. Only
 * what we use is named; the rest of the file (sources, recipe, check values) is left alone.
 */
const foreign = z.object({
  name: z.string(),
  version: z.union([z.number(), z.string()]),
  kind: z.literal('image-text-embedding'),
  dim: z.number().int(),
  licence: z.string(),
  image: z.object({
    file: z.string(),
    sha256: z.string(),
    input: z.object({ name: z.string(), shape: z.array(z.union([z.string(), z.number()])) }),
    output: z.object({ name: z.string() }),
    preprocessing: z.object({
      mean: z.array(z.number()).length(3),
      std: z.array(z.number()).length(3),
    }),
  }),
  text: z.object({
    file: z.string(),
    sha256: z.string(),
    inputs: z.array(z.object({ name: z.string() })).min(1),
    output: z.object({ name: z.string() }),
    tokenizer: z.object({
      file: z.string(),
      sha256: z.string(),
      pad: z.number().int(),
      max_length: z.number().int(),
    }),
  }),
})

/** Whether parsed JSON is such a file rather than a manifest of ours. */
export function isForeignManifest(value: unknown): boolean {
  return foreign.safeParse(value).success
}

/**
 * Our manifest from such a file. File names in it are relative to its own folder.
 *
 * @param folder that folder's path within the models folder, for example `mini-vl`
 * @param source how a message names the file
 * @throws InvalidInputError `invalid-model-manifest`
 */
export function adaptForeignManifest(
  value: unknown,
  folder: string,
  source: string,
): EmbeddingManifest {
  const { image, text, ...model } = foreign.parse(value)
  const inFolder = (file: string) => (folder === '' ? file : `${folder}/${file}`)
  const adapted = parseManifest(
    {
      name: model.name,
      kind: model.kind,
      revision: String(model.version),
      licence: model.licence,
      dims: model.dim,
      files: [
        { role: 'image', path: inFolder(image.file), sha256: image.sha256 },
        { role: 'text', path: inFolder(text.file), sha256: text.sha256 },
        { role: 'tokenizer', path: inFolder(text.tokenizer.file), sha256: text.tokenizer.sha256 },
      ],
      image: {
        input: image.input.name,
        output: image.output.name,
        size: Number(image.input.shape.at(-1)),
        mean: image.preprocessing.mean,
        std: image.preprocessing.std,
      },
      text: {
        ids: text.inputs[0]?.name,
        mask: text.inputs[1]?.name ?? null,
        output: text.output.name,
        maxTokens: text.tokenizer.max_length,
        padId: text.tokenizer.pad,
      },
    },
    source,
  )
  if (adapted.kind !== 'image-text-embedding') throw new TypeError('unreachable: kind is literal')
  return adapted
}
