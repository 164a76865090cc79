import type { ScoreKind } from './concepts.ts'
import { compare } from './order.ts'
import type { ActivityRule, ActivityTerm } from './taxonomy.ts'

/** Something seen on a keyframe. `human` is a correction and satisfies any term. */
export interface FrameLabel {
  label: string
  /** 0–1, higher is surer. */
  confidence: number
  source: 'yolo' | 'clip' | 'human'
  /** Below the threshold of a label, but enough for one that is there to go on. */
  isWeak?: boolean
  /** The model that saw it, and for a concept what its confidence is. */
  modelName?: string
  scoreKind?: ScoreKind
}

/**
 * What one keyframe says about a rule. `holds`: all that the rule asks for is there. `goes-on`: enough
 * of it for a segment to go on, too little to begin one. `missed`: something is not seen. `excluded`:
 * something is surely seen that the rule rules out.
 */
export type Verdict =
  | { kind: 'holds' | 'goes-on'; confidence: number; evidence: FrameLabel[] }
  | { kind: 'missed' }
  | { kind: 'excluded' }

/**
 * Judges the labels of one keyframe by a rule, with two thresholds: a label counts in full when it is
 * no weak one and reaches the term's `minConfidence`, and for going on when it reaches its
 * `keepConfidence`. Of what `none` lists, the lower threshold keeps a segment from beginning and the
 * upper one ends it.
 */
export function judge(rule: ActivityRule, labels: FrameLabel[]): Verdict {
  if (rule.none.some((terms) => found(terms, labels, 'full'))) return { kind: 'excluded' }
  const full = evidenceOf(rule, labels, 'full')
  if (full && !rule.none.some((terms) => found(terms, labels, 'keep'))) {
    return { kind: 'holds', ...full }
  }
  const kept = evidenceOf(rule, labels, 'keep')
  return kept ? { kind: 'goes-on', ...kept } : { kind: 'missed' }
}

type Level = 'full' | 'keep'

/** The labels that satisfy all of a rule's `all` and the surest of its `any`; null when one lacks. */
function evidenceOf(
  rule: ActivityRule,
  labels: FrameLabel[],
  level: Level,
): { confidence: number; evidence: FrameLabel[] } | null {
  const all = rule.all.map((terms) => found(terms, labels, level))
  const any = rule.any
    .map((terms) => found(terms, labels, level))
    .filter((each) => each !== null)
    .toSorted((a, b) => b.confidence - a.confidence)
  if (all.includes(null) || (rule.any.length > 0 && any.length === 0)) return null
  const needed = [...all.filter((each) => each !== null), ...any.slice(0, 1)]
  return {
    confidence: Math.min(...needed.map((each) => each.confidence)),
    evidence: needed.flatMap((each) => each.labels),
  }
}

/** The surest way to satisfy one of the terms: its labels, as sure as the least sure of them. */
function found(
  terms: ActivityTerm[],
  labels: FrameLabel[],
  level: Level,
): { confidence: number; labels: FrameLabel[] } | null {
  const ways = terms.flatMap((term) => {
    const count = term.count ?? 1
    const fitting = labels.filter((label) => fits(term, label, level)).sort(surestFirst)
    const needed = fitting.slice(0, count)
    const least = needed[count - 1]
    return least ? [{ confidence: least.confidence, labels: needed }] : []
  })
  const [best] = ways.sort(
    (a, b) => b.confidence - a.confidence || surestFirst(a.labels[0]!, b.labels[0]!),
  )
  return best ?? null
}

function fits(term: ActivityTerm, label: FrameLabel, level: Level): boolean {
  if (label.label !== term.label) return false
  if (label.source === 'human') return true
  if (term.source && term.source !== label.source) return false
  const min = term.minConfidence ?? 0
  if (level === 'full') return !label.isWeak && label.confidence >= min
  return label.confidence >= (term.keepConfidence ?? min)
}

function surestFirst(a: FrameLabel, b: FrameLabel): number {
  return (
    b.confidence - a.confidence ||
    compare(a.label, b.label) ||
    compare(a.source, b.source) ||
    Number(a.isWeak ?? false) - Number(b.isWeak ?? false)
  )
}
