import { z } from 'zod'
import { readModelJson } from './model-file.ts'

/** Whisper's token ids, by meaning, and the way back from ids to text. */
export interface Vocabulary {
  startOfTranscript: number
  /** End of text; every id below it is text. */
  endOfText: number
  /** The task token, or null for an English-only model. */
  transcribe: number | null
  noSpeech: number
  /** Id of `<|0.00|>`; ids from here on are times in steps of 0.02 s, to 30 s. */
  timestampBegin: number
  /** Language by token id: `50259 → en`. Empty for an English-only model. */
  languages: ReadonlyMap<number, string>
  /** Ids that are never chosen, and those never chosen first. */
  suppressed: readonly number[]
  suppressedFirst: readonly number[]
  /** Latest first timestamp, in steps of 0.02 s. */
  maxInitialTimestamp: number
  /** [layer, head] of the decoder's heads that follow the sound; empty when the model names none. */
  alignmentHeads: readonly (readonly [number, number])[]
  /** Text of ids, special ones left out. Bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string
}

const id = z.int().min(0)
const tokenizerSchema = z.object({
  model: z.object({ vocab: z.record(z.string(), id) }),
  added_tokens: z.array(z.object({ id, content: z.string() })).default([]),
})
const generationSchema = z.object({
  decoder_start_token_id: id,
  eos_token_id: z.union([
    id,
    z
      .array(id)
      .min(1)
      .transform((ids) => ids[0]!),
  ]),
  no_timestamps_token_id: id,
  lang_to_id: z.record(z.string(), id).default({}),
  task_to_id: z.object({ transcribe: id }).optional(),
  suppress_tokens: z.array(z.int()).nullish(),
  begin_suppress_tokens: z.array(z.int()).nullish(),
  alignment_heads: z.array(z.tuple([id, id])).nullish(),
  max_initial_timestamp_index: z.int().min(0).default(50),
})

/**
 * Reads `tokenizer.json` and `generation_config.json`, the layout that optimum and transformers.js
 * read.
 *
 * @throws PermanentError `model-file-missing` or `model-file-damaged`
 */
export async function readVocabulary(
  tokenizerFile: string,
  generationConfigFile: string,
): Promise<Vocabulary> {
  const tokenizer = await readModelJson(tokenizerFile, tokenizerSchema)
  const generation = await readModelJson(generationConfigFile, generationSchema)
  const special = new Map(tokenizer.added_tokens.map((token) => [token.content, token.id]))
  const multilingual = Object.keys(generation.lang_to_id).length > 0
  const noTimestamps = generation.no_timestamps_token_id
  return {
    startOfTranscript: generation.decoder_start_token_id,
    endOfText: generation.eos_token_id,
    transcribe: multilingual
      ? (generation.task_to_id?.transcribe ?? special.get('<|transcribe|>') ?? null)
      : null,
    // Older tokenizers write <|nocaptions|>; some leave it out. It always stands just before
    // <|notimestamps|>: openai/whisper `whisper/tokenizer.py` (50362 in multilingual models).
    noSpeech: special.get('<|nospeech|>') ?? special.get('<|nocaptions|>') ?? noTimestamps - 1,
    timestampBegin: noTimestamps + 1,
    languages: new Map(
      Object.entries(generation.lang_to_id).map(([token, at]) => [at, token.slice(2, -2)]),
    ),
    suppressed: (generation.suppress_tokens ?? []).filter((token) => token >= 0),
    suppressedFirst: (generation.begin_suppress_tokens ?? []).filter((token) => token >= 0),
    maxInitialTimestamp: generation.max_initial_timestamp_index,
    alignmentHeads: generation.alignment_heads ?? [],
    decode: createDecoder(tokenizer.model.vocab, generation.eos_token_id),
  }
}

function createDecoder(vocab: Record<string, number>, endOfText: number) {
  const byteOf = byteAlphabet()
  const bytes: Uint8Array[] = []
  for (const [text, at] of Object.entries(vocab)) {
    bytes[at] = Uint8Array.from(text, (character) => byteOf.get(character) ?? 0x3f)
  }
  return (ids: readonly number[]) =>
    Buffer.concat(ids.flatMap((at) => (at < endOfText && bytes[at] ? [bytes[at]] : []))).toString(
      'utf8',
    )
}

/**
 * The characters that stand for bytes in a byte-level vocabulary: printable Latin-1 stands for
 * itself, the other bytes in order for the characters from U+0100 on (openai/gpt-2 `encoder.py`).
 */
function byteAlphabet(): Map<string, number> {
  const alphabet = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
    alphabet.set(String.fromCodePoint(printable ? byte : next++), byte)
  }
  return alphabet
}
