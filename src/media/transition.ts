/** Where one shot ends and the next begins. */
export interface Transition {
  /** Time of the next shot's first frame (`cut`), or the middle of the change. Microseconds. */
  microseconds: number
  /** `cut`: from one frame to the next · `dissolve`: one picture turns into another · `fade`: by way of a frame that shows nothing. */
  kind: 'cut' | 'dissolve' | 'fade'
  /** 1 minus how similar the pictures before and after are: 0–1. */
  strength: number
}

/**
 * The strength of a transition.
 *
 * @param alike how similar the pictures before and after are, see `similarity`
 */
export function strengthOf(alike: number): number {
  return Math.min(1, Math.max(0, 1 - alike))
}
