import type { Tensor } from 'onnxruntime-node'
import type { DecoderWorkspace } from './decoder.ts'
import { endsInLoop } from './repetition.ts'
import { createTokenChoice, probabilities, type Sampling } from './token-choice.ts'
import type { Vocabulary } from './vocabulary.ts'
import { alignTokens } from './word-alignment.ts'

/** What the model made of one window. */
export interface DecodedWindow {
  /** Text and timestamp ids, without the prompt and the end of text. */
  tokens: number[]
  /** Natural log-probability of each token. */
  logProbs: number[]
  /** First frame (0.02 s) of each token and of the end of text; null when not asked for. */
  tokenFrames: number[] | null
  /** Mean over the tokens and the end of text; the whole says how sure the model is. */
  avgLogProb: number
  /** Probability (0–1) that there is no speech in the window. */
  noSpeechProb: number
  /** `en`, `de`, …; `en` for an English-only model. */
  language: string
  languageProbability: number
  /** The second most probable language; null when there is but one. */
  runnerUp: string | null
  /** False when the token limit, or a loop that would last to it, came before the end of the text. */
  complete: boolean
}

export interface DecodeOptions {
  /** Bounds each window's output. */
  maxTokens: number
  /** Sets the language of each window instead of the likeliest one. */
  languages?: readonly string[] | undefined
  /** How each window's tokens are drawn; without it the likeliest are taken. */
  samplings?: readonly Sampling[] | undefined
  /** Frames of each window that hold sound, when the times of tokens are wanted. */
  soundFrames?: readonly number[] | undefined
  signal?: AbortSignal | undefined
}

/**
 * Decodes a batch of encoded windows (f32 [N, 1500, width]) with timestamps. Each window
 * has a language of its own, detected in the first step, which also tells the probability that
 * nobody speaks (read before anything is suppressed: openai/whisper `whisper/decoding.py`).
 * `encoded` is overwritten when N is above 1.
 */
export async function decodeWindows(
  workspace: DecoderWorkspace,
  vocabulary: Vocabulary,
  encoded: Tensor,
  options: DecodeOptions,
): Promise<DecodedWindow[]> {
  const batch = encoded.dims[0]!
  const run = workspace.start(encoded)
  const choose = createTokenChoice(vocabulary)

  let logits = await run.step(Array(batch).fill(vocabulary.startOfTranscript))
  const rows = logits.map((row, i) =>
    startRow(vocabulary, row, options.languages?.[i], options.samplings?.[i]),
  )
  if (vocabulary.transcribe !== null) {
    await run.step(rows.map((row) => row.languageToken))
    logits = await run.step(Array(batch).fill(vocabulary.transcribe))
  }
  let open = rows
  for (let count = 0; count < options.maxTokens; count++) {
    options.signal?.throwIfAborted()
    open.forEach((row, i) => {
      if (options.soundFrames) row.attention.push(run.attention(i))
      take(row, choose(logits[i]!, row.tokens, row.sampling), vocabulary.endOfText)
    })
    const left = open.flatMap((row, i) => (row.complete || endsInLoop(row.tokens) ? [] : [i]))
    if (left.length === 0) break
    if (left.length < open.length) {
      run.keep(left)
      open = left.map((i) => open[i]!)
    }
    logits = await run.step(open.map((row) => row.tokens.at(-1)!))
  }
  return rows.map(({ languageToken: _, sampling: __, logProbSum, attention, ...row }, i) => ({
    ...row,
    tokenFrames:
      attention.length > 0
        ? [
            ...alignTokens(attention, workspace.alignmentHeads, options.soundFrames![i]!),
            // Without an end of text the last token lasts to the end of the sound.
            ...(row.complete ? [] : [options.soundFrames![i]!]),
          ]
        : null,
    avgLogProb: logProbSum / (row.tokens.length + 1),
  }))
}

interface Row extends Omit<DecodedWindow, 'avgLogProb' | 'tokenFrames'> {
  /** Of the step that chose each token: [heads][frames], flat. */
  attention: Float32Array[]
  languageToken: number
  logProbSum: number
  sampling: Sampling | null
}

function startRow(
  vocabulary: Vocabulary,
  logits: Float32Array,
  language?: string,
  sampling: Sampling | null = null,
): Row {
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
    attention: [],
    sampling,
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
