import { attribution } from '../licences/attribution.ts'
import { licenceOf } from '../licences/names.ts'
import type { Video } from '../store/videos.ts'
import { isoOrNull } from './schemas/common.ts'
import type { LicenceEvidence, Provenance } from './schemas/provenance.ts'

export function provenanceJson(video: Video): Provenance {
  const licence = licenceOf(video.licence)
  return {
    video_id: video.id,
    title: video.title,
    platform: video.platform,
    source_id: video.sourceId,
    source_url: video.sourceUrl,
    query: video.query,
    uploader: video.uploader,
    uploader_url: video.uploaderUrl,
    published_at: isoOrNull(video.publishedAt),
    licence: video.licence,
    licence_spdx: licence?.id ?? null,
    licence_name: licence?.name ?? null,
    licence_url: video.licenceUrl ?? licence?.url ?? null,
    licence_is_open: licence?.isOpen ?? null,
    needs_attribution: licence?.needsAttribution ?? null,
    is_non_commercial: licence?.isNonCommercial ?? null,
    is_no_derivatives: licence?.isNoDerivatives ?? null,
    licence_evidence: evidenceJson(video.licenceEvidence),
    attribution: attribution(video),
    retrieved_at: isoOrNull(video.fetchedAt),
    fetched_with: video.fetchedWith,
    sha256: video.contentSha256,
    bytes: video.bytes,
  }
}

/** Null when it is none: an older version kept other things here. */
export function evidenceJson(stored: unknown): LicenceEvidence | null {
  if (typeof stored !== 'object' || stored === null) return null
  const { field, value, page, retrievedAt } = stored as Record<string, unknown>
  if (typeof field !== 'string' || typeof value !== 'string' || typeof page !== 'string')
    return null
  return { field, value, page, retrieved_at: typeof retrievedAt === 'string' ? retrievedAt : null }
}
