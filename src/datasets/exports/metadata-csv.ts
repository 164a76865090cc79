import { stringify } from 'csv-stringify/sync'
import type { DatasetItem } from '../../store/datasets.ts'
import { itemFacts } from './item-facts.ts'

/** Columns of metadata.csv, in order, and what the README says of each. */
export const METADATA_COLUMNS = {
  video_id: 'id of the video; names its annotation file',
  title: 'title at the source',
  source_url: 'where it was found',
  platform: 'kind of source',
  category: "category of the taxonomy, or 'other'",
  duration: 'seconds',
  width: 'pixels of the upright picture',
  height: 'pixels of the upright picture',
  fps: 'frames per second',
  has_audio: 'true or false',
  uploader: 'who published it',
  licence: 'as the source states it; empty: none stated',
  licence_spdx: 'SPDX id or LicenseRef-…; empty: none stated, or not one that is known',
  licence_url: 'text of the licence',
  licence_evidence_url: 'page that shows the licence',
  attribution: 'a line that names title, author, source and licence',
  retrieved_at: 'when it was downloaded, ISO 8601 UTC',
  fetched_with: 'what downloaded it, with its version',
  language: 'ISO 639-1 code of the speech; empty: no speech',
  objects: 'labels seen, separated by `;`',
  activities: 'labels recognised, separated by `;`',
  tags: 'separated by `;`',
  sharpness: 'variance of the Laplacian at 426 pixels, squared grey levels',
  brightness: 'mean grey, 0 black to 1 white',
  clipped_share: 'share of pixels that are black or white',
  motion: 'mean change in 0.2 s as a share of the range of grey',
  black_share: 'share of the time that is black',
  frozen_share: 'share of the time in stretches of 2 s and more without change',
  overlay_share: 'share of the picture with text or a logo that stays; empty: not to be told',
  slide_show: 'share of the time that is a slide show',
  screen_recording: "0 to 1: how much it looks like a computer's screen",
  speech_share: 'share of the time in which someone speaks; empty: no model has listened',
  content_sha256: 'SHA-256 of the video file',
  annotation_file: 'path in this archive',
} as const

const COLUMN_NAMES = Object.keys(METADATA_COLUMNS) as (keyof typeof METADATA_COLUMNS)[]

/** Path of a video's annotation in the archive. */
export function annotationPath(videoId: string): string {
  return `annotations/${videoId}.json`
}

/** The table as text, some lines at a time: RFC 4180 with `\n`, UTF-8, with a header. */
export async function* metadataCsv(items: AsyncIterable<DatasetItem>): AsyncGenerator<string> {
  let lines = stringify([COLUMN_NAMES])
  for await (const item of items) {
    const facts = itemFacts(item)
    const row: Record<keyof typeof METADATA_COLUMNS, string | number | null> = {
      video_id: item.videoId,
      title: safe(facts.title),
      source_url: safe(facts.sourceUrl),
      platform: safe(facts.platform),
      category: safe(facts.category),
      duration: facts.duration,
      width: facts.width,
      height: facts.height,
      fps: facts.fps,
      has_audio: facts.hasAudio === null ? null : String(facts.hasAudio),
      uploader: safe(facts.uploader),
      licence: safe(facts.licence),
      licence_spdx: facts.licenceSpdx,
      licence_url: safe(facts.licenceUrl),
      licence_evidence_url: safe(facts.licenceEvidenceUrl),
      attribution: safe(facts.attribution),
      retrieved_at: safe(facts.retrievedAt),
      fetched_with: safe(facts.fetchedWith),
      language: safe(facts.language),
      objects: safe(facts.objects.join(';')),
      activities: safe(facts.activities.join(';')),
      tags: safe(facts.tags.join(';')),
      ...facts.quality,
      content_sha256: item.contentSha256,
      annotation_file: annotationPath(item.videoId),
    }
    lines += stringify([COLUMN_NAMES.map((column) => row[column])])
    if (lines.length < 65_536) continue
    yield lines
    lines = ''
  }
  yield lines
}

/**
 * A text that no spreadsheet takes for a formula: an apostrophe goes before one that begins like
 * one. Numbers are left alone, a minus is theirs. (OWASP, CSV Injection.)
 */
function safe(text: string | null): string | null {
  return text !== null && /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text
}
