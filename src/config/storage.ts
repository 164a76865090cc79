import path from 'node:path'
import type { Readable } from 'node:stream'
import type { Settings } from './settings.ts'
import { openFolderStorage } from './storage/folder.ts'
import { openS3Storage } from './storage/s3.ts'

/** One entry of a listing. */
export interface StoredObject {
  key: string
  bytes: number
  modifiedAt: Date
}

/** What is known of an object without reading it. */
export interface ObjectStat {
  bytes: number
  contentType: string
  /** Changes with the content; quoted as in HTTP's ETag header, so it can be sent as it is. */
  etag: string
}

export interface PutOptions {
  /** Default: by the key's extension. The folder driver always goes by the extension. */
  contentType?: string
  /** Declared length of a stream: when another number of bytes comes, nothing is stored. */
  bytes?: number
  signal?: AbortSignal
}

export interface ObjectContent {
  /** The range's bytes. Read it to the end or destroy it: it holds a connection or a file open. */
  stream: Readable
  /** Length of this range. */
  bytes: number
  /** Length of the whole object. */
  totalBytes: number
  contentType: string
}

/**
 * Where originals, keyframes and exports live. Keys look like `videos/<id>/original`: at most 1024
 * bytes of UTF-8, segments between slashes at most 255 bytes each and none of them empty, `.` or
 * `..`; no backslash, no control character. A wrong key is InvalidInputError `invalid-object-key`.
 *
 * An object is there wholly or not at all, whenever the process dies; a put to an existing key
 * replaces it, and who reads at that moment gets the old or the new one, never a mixture.
 *
 * Any call may throw TransientError: `storage-unreachable` (network), `storage-failed` (the store's
 * own fault, 5xx), `storage-not-writable`, `disk-full`; or InvalidInputError `storage-denied`.
 * A given signal that is aborted ends the call with the signal's reason.
 */
export interface Storage extends AsyncDisposable {
  readonly kind: 'folder' | 's3'

  /** Stores bytes, or all that a stream gives. Returns how many. A failing stream stores nothing. */
  put(
    key: string,
    body: Buffer | Uint8Array | Readable,
    options?: PutOptions,
  ): Promise<{ bytes: number }>

  /**
   * Stores a copy of a local file (folder: a copy-on-write clone where the file system can).
   * @throws NotFoundError `file-not-found`
   */
  putFile(
    key: string,
    file: string,
    options?: Omit<PutOptions, 'bytes'>,
  ): Promise<{ bytes: number }>

  /**
   * Opens an object from byte `start` (default 0) to byte `end` inclusive (default and at most its
   * last). A cut connection surfaces as TransientError on the stream.
   * @throws NotFoundError `object-not-found`
   * @throws InvalidInputError `range-not-satisfiable` when `start` is not inside the object
   */
  get(
    key: string,
    options?: { start?: number; end?: number; signal?: AbortSignal },
  ): Promise<ObjectContent>

  /**
   * Writes an object to a local path, folders included; the file appears whole or not at all.
   * @throws NotFoundError `object-not-found`
   */
  getFile(key: string, file: string, options?: { signal?: AbortSignal }): Promise<void>

  /** Null when there is no such object. */
  stat(key: string): Promise<ObjectStat | null>

  /** All objects whose key starts with `prefix` ('' for all), in the order of their UTF-8 bytes. */
  list(prefix: string): AsyncIterable<StoredObject>

  /** Deletes one object; one that is not there is fine. */
  delete(key: string): Promise<void>

  /**
   * Deletes all objects whose key starts with `prefix`; returns how many.
   * @throws InvalidInputError `invalid-object-key` for an empty prefix: that would be everything
   */
  deletePrefix(prefix: string): Promise<number>

  /** Folder: absolute path of the object, whether it is there or not. S3: null. */
  localPath(key: string): string | null

  /**
   * A link that reads the object without further credentials, for 1 to 604,800 seconds (a week,
   * S3's limit). It is made for MINIO_PUBLIC_URL and never dials out. Null for the folder, and for
   * S3 without that setting. `downloadName` makes browsers save it under that name.
   */
  signedUrl(
    key: string,
    options: { expiresSeconds: number; downloadName?: string; contentType?: string },
  ): Promise<string | null>

  /**
   * Asks whether the store could take and give an object now; cheap enough for every health check.
   * @throws TransientError | InvalidInputError with a sentence for the operator
   */
  check(): Promise<void>
}

/**
 * Opens the object store that the settings name: S3, or the folder `<dataDir>/objects`. Makes the
 * bucket or folder if missing and removes what a killed process left half-written; at once with
 * `isAlone`, which says that no other process has this store open, else when it is old.
 *
 * @throws InvalidInputError `data-folder-not-writable`, `storage-denied`, `bucket-name-taken`
 * @throws TransientError `storage-unreachable`
 */
export function openStorage(
  settings: Settings,
  { isAlone = false }: { isAlone?: boolean } = {},
): Promise<Storage> {
  return settings.s3
    ? openS3Storage(settings.s3)
    : openFolderStorage(path.join(settings.dataDir, 'objects'), { isAlone })
}
