import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'

/** Which labels are looked at, on the picture and on the timeline alike. */
export interface LabelChoice {
  boxesShown: boolean
  showBoxes: (shown: boolean) => void
  hidden: ReadonlySet<string>
  toggle: (label: string) => void
  /** Hides all of `labels`, or shows them all again. */
  setHidden: (labels: readonly string[], hidden: boolean) => void
  /** 0–1: boxes below it are not drawn. */
  minConfidence: number
  setMinConfidence: (share: number) => void
  /** The label under the pointer or the keyboard's focus; without one the pinned one. */
  highlight: string | null
  setHighlight: (label: string | null) => void
  /** The label that stays marked. */
  pinned: string | null
  pin: (label: string | null) => void
}

const LabelsContext = createContext<LabelChoice | null>(null)

export function useLabels(): LabelChoice {
  const choice = useContext(LabelsContext)
  if (!choice) throw new Error('useLabels outside of LabelsProvider')
  return choice
}

export function LabelsProvider({ children }: { children: ReactNode }) {
  const [boxesShown, showBoxes] = useState(true)
  const [hidden, setHiddenSet] = useState<ReadonlySet<string>>(new Set())
  const [minConfidence, setMinConfidence] = useState(0)
  const [hovered, setHighlight] = useState<string | null>(null)
  const [pinned, pin] = useState<string | null>(null)
  const setHidden = useCallback(
    (labels: readonly string[], hide: boolean) =>
      setHiddenSet((before) => {
        const after = new Set(before)
        for (const label of labels) {
          if (hide) after.add(label)
          else after.delete(label)
        }
        return after
      }),
    [],
  )
  const value = useMemo<LabelChoice>(
    () => ({
      boxesShown,
      showBoxes,
      hidden,
      toggle: (label) => setHidden([label], !hidden.has(label)),
      setHidden,
      minConfidence,
      setMinConfidence,
      highlight: hovered ?? pinned,
      setHighlight,
      pinned,
      pin,
    }),
    [boxesShown, hidden, setHidden, minConfidence, hovered, pinned],
  )
  return <LabelsContext value={value}>{children}</LabelsContext>
}
