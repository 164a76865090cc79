/** A text with each occurrence of `q` marked, in any case. */
export function MarkedText({ text, q }: { text: string; q: string }) {
  return splitMarks(text, q).map(({ part, start, isHit }) =>
    isHit ? (
      <mark key={start} className="rounded-xs bg-amber text-amber-ink">
        {part}
      </mark>
    ) : (
      <span key={start}>{part}</span>
    ),
  )
}

/** The text in parts that are `q` (in any case) or not; joined they are the text. */
export function splitMarks(
  text: string,
  q: string,
): { part: string; start: number; isHit: boolean }[] {
  const low = text.toLowerCase()
  const wanted = q.toLowerCase()
  // Lower case of some letters is longer: then places would not fit, and nothing is marked.
  if (wanted === '' || low.length !== text.length) return [{ part: text, start: 0, isHit: false }]
  const parts: { part: string; start: number; isHit: boolean }[] = []
  let at = 0
  while (at < text.length) {
    const hit = low.indexOf(wanted, at)
    const end = hit < 0 ? text.length : hit
    if (end > at) parts.push({ part: text.slice(at, end), start: at, isHit: false })
    if (hit < 0) break
    parts.push({ part: text.slice(hit, hit + wanted.length), start: hit, isHit: true })
    at = hit + wanted.length
  }
  return parts
}
