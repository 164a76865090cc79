import type { Db } from '../../config/database.ts'
import type { OfferedCaptions } from '../../store/schema.ts'

/** Platforms a task can ask for, by the names used in requests, rows and answers. */
export const PLATFORMS = [
  'youtube',
  'tiktok',
  'instagram',
  'commons',
  'archive',
  'nasa',
  'folder',
  'urls',
  'upload',
  'any',
] as const

export type Platform = (typeof PLATFORMS)[number]
/** Those whose videos have addresses. */
export type SitePlatform = Exclude<Platform, 'folder' | 'upload' | 'any'>

/** Where a licence statement was read, so that anyone can check it. */
export interface LicenceEvidence {
  /** The source's own name of the field, for example `extmetadata.LicenseShortName`. */
  field: string
  /** Its text as the source gave it. */
  value: string
  /** The page that shows it. */
  page: string
  /** ISO 8601 UTC. */
  retrievedAt: string
}

/** A video that was found and is not yet fetched. */
export interface Candidate {
  /** Where it is from; never `any`. */
  platform: Platform
  /** The platform's own id. `urls`: SHA-256 of the canonical URL; `folder`: of the path; `upload`: of the key. */
  sourceId: string
  /** Canonical page or file URL; `file://` for local files, `upload:` for uploads. */
  url: string
  /** Direct address of the media, when the source names one. */
  downloadUrl?: string
  /** Absolute path of a file that is already here. */
  localFile?: string
  /** Key of an uploaded file in the object store; goes once it is fetched. */
  incomingKey?: string
  title: string
  description: string | null
  /** Seconds; null when the source does not say. */
  durationSeconds: number | null
  /** Pixels of the version that would be fetched. */
  width?: number
  height?: number
  /** Size of the version that would be fetched. */
  bytes?: number
  /** Hex SHA-1 of that version, as the source states it; compared after the download. */
  sha1?: string
  uploader: string | null
  uploaderUrl: string | null
  /** ISO 8601 UTC. */
  publishedAt: string | null
  /** An SPDX id (`CC-BY-SA-4.0`, `LicenseRef-public-domain`), else the source's words. */
  licence: string | null
  licenceUrl: string | null
  licenceEvidence: LicenceEvidence | null
  thumbnailUrl: string | null
  /** That the source offers with it. */
  captions?: OfferedCaptions[]
  /** Place in the source's own order, from 0. */
  rank: number
  /** Why this one must not be taken; absent when nothing speaks against it. */
  reject?: { code: string; message: string }
}

export interface DiscoveryRequest {
  platform: Platform
  /** Words to search for; null when `urls` or `path` say what is wanted. */
  query: string | null
  urls: string[]
  /** `folder`: a folder or a file. `upload`: the prefix of its objects. */
  path?: string
  /** Videos wanted. A source may yield more, since some candidates will not be taken. */
  limit: number
}

export interface DiscoveryOptions {
  signal: AbortSignal
  /** The task it is for: there a source keeps what must outlive a crash, and what its owner should know. */
  task?: { id: string; db: Db }
  /** Most dollars this source may spend; the setting's cap for a task when absent. */
  maxUsd?: number
  /** Whether the task has this one already: then nothing needs to be asked about it. */
  isKnown?(candidate: Pick<Candidate, 'platform' | 'sourceId'>): Promise<boolean>
}

/**
 * Finds videos on one platform. The caller stops pulling when it has enough; a source ends by
 * itself when there is nothing more, and always after a bounded number of candidates.
 */
export interface Source {
  readonly platform: Platform
  /**
   * Candidates in the source's own order, each `sourceId` once. One thing that cannot be had
   * (a video that is gone, an address that is refused) is a candidate with `reject`.
   *
   * @throws InvalidInputError when the request can never work
   * @throws TransientError when the source cannot be reached
   */
  discover(request: DiscoveryRequest, options: DiscoveryOptions): AsyncIterable<Candidate>
}

/** A candidate of which only the address and a title are known; the source fills in what it has. */
export function bareCandidate(
  known: Pick<Candidate, 'platform' | 'sourceId' | 'url' | 'title' | 'rank'>,
): Candidate {
  return {
    ...known,
    description: null,
    durationSeconds: null,
    uploader: null,
    uploaderUrl: null,
    publishedAt: null,
    licence: null,
    licenceUrl: null,
    licenceEvidence: null,
    thumbnailUrl: null,
  }
}
