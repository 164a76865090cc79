import { readFile } from 'node:fs/promises'
import { Tokenizer } from '@huggingface/tokenizers'
import { PermanentError, toError } from '../errors.ts'

/** Texts as a rectangle of token ids, row by row. */
export interface TokenBatch {
  /** `rows * length` ids, padded with the model's padding id. */
  ids: number[]
  /** 1 where `ids` holds a token, 0 where it holds padding. */
  mask: number[]
  rows: number
  length: number
}

/** Turns texts into what an image-text model's text side reads. */
export class TextTokens {
  readonly #tokenizer: Tokenizer
  readonly #maxTokens: number
  readonly #padId: number

  private constructor(tokenizer: Tokenizer, maxTokens: number, padId: number) {
    this.#tokenizer = tokenizer
    this.#maxTokens = maxTokens
    this.#padId = padId
  }

  /**
   * Reads a `tokenizer.json`.
   *
   * @param maxTokens longest text, its first and last special token included
   * @throws PermanentError `model-unreadable`
   */
  static async load(file: string, maxTokens: number, padId: number): Promise<TextTokens> {
    try {
      const content: unknown = JSON.parse(await readFile(file, 'utf8'))
      return new TextTokens(new Tokenizer(content as object, {}), maxTokens, padId)
    } catch (cause) {
      throw new PermanentError(
        'model-unreadable',
        `Expected a tokenizer.json in ${file}: ${toError(cause).message}`,
        { cause },
      )
    }
  }

  /** Token ids of one text, special ones included; a long text keeps its start and its end token. */
  encode(text: string): number[] {
    const { ids } = this.#tokenizer.encode(text)
    if (ids.length <= this.#maxTokens) return ids
    return [...ids.slice(0, this.#maxTokens - 1), ...ids.slice(-1)]
  }

  /**
   * Texts padded to the longest of them, or to `length` when the model's input is that long.
   *
   * @param length fixed row length, or null
   */
  batch(texts: readonly string[], length: number | null): TokenBatch {
    const rows = texts.map((text) => this.encode(text))
    const width = length ?? Math.max(1, ...rows.map((row) => row.length))
    const ids: number[] = []
    const mask: number[] = []
    for (const row of rows) {
      for (let column = 0; column < width; column++) {
        ids.push(row[column] ?? this.#padId)
        mask.push(column < row.length ? 1 : 0)
      }
    }
    return { ids, mask, rows: rows.length, length: width }
  }
}
