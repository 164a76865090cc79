/** What a concept's score says, in a sentence; undefined for what is no concept's. */
export function scoreMeaning(kind: string | null | undefined): string | undefined {
  if (kind === 'background_quantile') {
    return 'Share of background frames that look less like it: 99 % is reached by one in a hundred frames that do not show it'
  }
  if (kind === 'softmax_share') {
    return 'Share against background prompts: it ranks frames and is no probability, for this model is not calibrated'
  }
  return undefined
}
