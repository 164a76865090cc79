import { attribution } from '../../licences/attribution.ts'
import { licenceOf } from '../../licences/names.ts'
import type { DatasetItem } from '../../store/datasets.ts'

/** What an export says of a video outside its annotation file. */
export interface ItemFacts {
  title: string
  sourceUrl: string
  platform: string
  category: string
  /** Seconds; sizes in pixels of the upright picture. */
  duration: number | null
  width: number | null
  height: number | null
  fps: number | null
  hasAudio: boolean | null
  uploader: string | null
  licence: string | null
  licenceUrl: string | null
  /** SPDX id or `LicenseRef-…`; null when none is stated or it is not known. */
  licenceSpdx: string | null
  /** The licence asks to name the author; null when it is not known. */
  needsAttribution: boolean | null
  /** The page that shows the licence. */
  licenceEvidenceUrl: string | null
  /** ISO 8601 UTC. */
  retrievedAt: string | null
  /** Tool and version. */
  fetchedWith: string | null
  /** One line: title, author, source, licence. */
  attribution: string
  /** ISO 639-1 code of the speech; null without speech. */
  language: string | null
  /** Labels, each once, in alphabetical order. */
  objects: string[]
  activities: string[]
  tags: string[]
  models: ModelFacts[]
  /** Scores by the annotation's names; null where not measured or not to be told. */
  quality: Record<QualityName, number | null>
}

/** Scores of quality, by the annotation's names. */
export const QUALITY_NAMES = [
  'sharpness',
  'brightness',
  'clipped_share',
  'motion',
  'black_share',
  'frozen_share',
  'overlay_share',
  'slide_show',
  'screen_recording',
  'speech_share',
] as const
export type QualityName = (typeof QUALITY_NAMES)[number]

export interface ModelFacts {
  step: string
  name: string
  licence: string | null
}

/**
 * The facts of a frozen item. What the annotation says wins: it was frozen with the version, while
 * the library's own row may have been edited since.
 */
export function itemFacts({ annotation, video }: DatasetItem): ItemFacts {
  const frozen = record(annotation.video)
  const ledger = record(annotation.provenance)
  const named = {
    title: text(frozen.title) ?? video.title,
    sourceUrl: text(frozen.source_url) ?? video.sourceUrl,
    uploader: text(frozen.uploader) ?? video.uploader,
    licence: text(frozen.licence) ?? video.licence,
    licenceUrl: text(frozen.licence_url) ?? video.licenceUrl,
  }
  const licence = licenceOf(named.licence)
  return {
    ...named,
    licenceUrl: named.licenceUrl ?? licence?.url ?? null,
    licenceSpdx: licence?.id ?? null,
    needsAttribution: licence?.needsAttribution ?? null,
    licenceEvidenceUrl:
      text(record(ledger.evidence).page) ?? text(record(video.licenceEvidence).page),
    retrievedAt: text(ledger.retrieved_at) ?? video.fetchedAt?.toISOString() ?? null,
    fetchedWith: text(ledger.retrieved_with) ?? video.fetchedWith,
    attribution: attribution(named),
    platform: text(frozen.platform) ?? video.platform,
    category: text(annotation.category) ?? video.category,
    duration: number(frozen.duration) ?? video.duration,
    width: number(frozen.width) ?? video.width,
    height: number(frozen.height) ?? video.height,
    fps: number(frozen.fps) ?? video.fps,
    hasAudio: typeof frozen.has_audio === 'boolean' ? frozen.has_audio : video.hasAudio,
    language: text(record(annotation.transcript).language),
    objects: labels(annotation.objects_detected),
    activities: labels(annotation.actions),
    tags: unique(list(annotation.tags).flatMap((tag) => text(tag) ?? [])),
    quality: qualityOf(record(annotation.quality)),
    models: list(annotation.models).flatMap((value) => {
      const { step, name, licence } = record(value)
      const known = text(name)
      return known ? [{ step: text(step) ?? '', name: known, licence: text(licence) }] : []
    }),
  }
}

function qualityOf(scores: Record<string, unknown>): ItemFacts['quality'] {
  const all = QUALITY_NAMES.map((name) => [name, number(scores[name])] as const)
  return Object.fromEntries(all) as ItemFacts['quality']
}

function labels(value: unknown): string[] {
  return unique(list(value).flatMap((item) => text(record(item).label) ?? []))
}

function unique(values: string[]): string[] {
  return [...new Set(values)].sort()
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
