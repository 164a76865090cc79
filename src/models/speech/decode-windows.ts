import type { Tensor } from 'onnxruntime-node'
import type { SpeechDecoder } from './decoder.ts'
import { createTokenChoice, probabilities } from './token-choice.ts'
import type { Vocabulary } from './vocabulary.ts'

/** What the model made of one window. */
export interface DecodedWindow {
  /** Text and timestamp ids, without the prompt and the end of text. */
  tokens: number[]
  /** Natural log-probability of each token. */
  logProbs: number[]
  /** Mean over the tokens and the end of text; the whole says how sure the model is. */
  avgLogProb: number
  /** Probability (0–1) that there is no speech in the window. */
  noSpeechProb: number
  /** `en`, `de`, …; `en` for an English-only model. */
  language: string
  languageProbability: number
  /** The second most probable language; null when there is but one. */
  runnerUp: string | null
  /** False when the token limit came before the end of the text. */
  complete: boolean
}

/**
 * Decodes a batch of encoded windows (f32 [N, 1500, width]) greedily with timestamps. Each window
 * has a language of its own, detected in the first step, which also tells the probability that
 * nobody speaks (read before anything is suppressed: openai/whisper `whisper/decoding.py`).
 * `languages`, when given, sets the language of each window instead. `maxTokens` bounds each
 * window's output.
 */
export async function decodeWindows(
  decoder: SpeechDecoder,
  vocabulary: Vocabulary,
  encoded: Tensor,
  options: {
    maxTokens: number
    languages?: readonly string[] | undefined
    signal?: AbortSignal | undefined
  },
): Promise<DecodedWindow[]> {
  const batch = encoded.dims[0]!
  const run = decoder.start(encoded)
  const choose = createTokenChoice(vocabulary)

  let logits = await run.step(Array(batch).fill(vocabulary.startOfTranscript))
  const rows = logits.map((row, i) => startRow(vocabulary, row, options.languages?.[i]))
  if (vocabulary.transcribe !== null) {
    await run.step(rows.map((row) => row.languageToken))
    logits = await run.step(Array(batch).fill(vocabulary.transcribe))
  }
  for (let count = 0; count < options.maxTokens; count++) {
    options.signal?.throwIfAborted()
    rows.forEach((row, i) => {
      if (!row.complete) take(row, choose(logits[i]!, row.tokens), vocabulary.endOfText)
    })
    if (rows.every((row) => row.complete)) break
    // A finished window is fed its end again; the others do not see it.
    logits = await run.step(
      rows.map((row) => (row.complete ? vocabulary.endOfText : row.tokens.at(-1)!)),
    )
  }
  return rows.map(({ languageToken: _, logProbSum, ...row }) => ({
    ...row,
    avgLogProb: logProbSum / (row.tokens.length + 1),
  }))
}

interface Row extends Omit<DecodedWindow, 'avgLogProb'> {
  languageToken: number
  logProbSum: number
}

function startRow(vocabulary: Vocabulary, logits: Float32Array, language?: string): Row {
  const codes = [...vocabulary.languages]
  const [noSpeechProb = 0, ...scores] = probabilities(logits, [
    vocabulary.noSpeech,
    ...codes.map(([token]) => token),
  ])
  const total = scores.reduce((sum, score) => sum + score, 0)
  const ranked = codes
    .map(([token, code], i) => ({ token, code, probability: scores[i]! / total }))
    .sort((a, b) => b.probability - a.probability)
  const chosen = ranked.find(({ code }) => code === language) ?? ranked[0]
  return {
    tokens: [],
    logProbs: [],
    logProbSum: 0,
    complete: false,
    noSpeechProb,
    languageToken: chosen?.token ?? vocabulary.startOfTranscript,
    language: chosen?.code ?? 'en',
    languageProbability: chosen?.probability ?? 1,
    runnerUp: ranked[1]?.code ?? null,
  }
}

function take(row: Row, choice: { token: number; logProb: number }, endOfText: number) {
  row.logProbSum += choice.logProb
  if (choice.token === endOfText) {
    row.complete = true
    return
  }
  row.tokens.push(choice.token)
  row.logProbs.push(choice.logProb)
}
