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
  /** False when the token limit came before the end of the text. */
  complete: boolean
}

/**
 * Decodes a batch of encoded windows (f32 [N, 1500, width]) greedily with timestamps. Each window
 * has a language of its own, detected in the first step, which also tells the probability that
 * nobody speaks (read before anything is suppressed: openai/whisper `whisper/decoding.py`).
 * `maxTokens` bounds each window's output.
 */
export async function decodeWindows(
  decoder: SpeechDecoder,
  vocabulary: Vocabulary,
  encoded: Tensor,
  options: { maxTokens: number; signal?: AbortSignal | undefined },
): Promise<DecodedWindow[]> {
  const batch = encoded.dims[0]!
  const run = decoder.start(encoded)
  const choose = createTokenChoice(vocabulary)

  let logits = await run.step(Array(batch).fill(vocabulary.startOfTranscript))
  const rows = logits.map((row) => startRow(vocabulary, row))
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

function startRow(vocabulary: Vocabulary, logits: Float32Array): Row {
  const languageTokens = [...vocabulary.languages.keys()]
  const [noSpeechProb = 0, ...scores] = probabilities(logits, [
    vocabulary.noSpeech,
    ...languageTokens,
  ])
  const total = scores.reduce((sum, score) => sum + score, 0)
  const best = scores.indexOf(Math.max(...scores))
  const languageToken = languageTokens[best] ?? -1
  return {
    tokens: [],
    logProbs: [],
    logProbSum: 0,
    complete: false,
    noSpeechProb,
    languageToken,
    language: vocabulary.languages.get(languageToken) ?? 'en',
    languageProbability: languageTokens.length > 0 ? scores[best]! / total : 1,
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
