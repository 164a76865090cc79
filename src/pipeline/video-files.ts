import { setMaxListeners } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { isRunning } from '../config/running.ts'
import type { Profile } from '../config/settings.ts'
import type { Storage } from '../config/storage.ts'
import { PermanentError } from '../errors.ts'
import { AUDIO_FILE } from '../media/decode-arguments.ts'
import type { ModelHost } from '../models/host.ts'
import type { Keyframe } from '../store/keyframes.ts'
import type { Video } from '../store/videos.ts'
import { ListenAhead, LookAhead, type PictureJob, type Said } from './look-ahead.ts'
import { type Looked, Looker } from './look-at.ts'

/** Objects fetched at once when they are not on this machine. */
const FETCHES = 8

/**
 * Local copies of one video's objects, in a scratch folder that goes away with the run. On a
 * folder store the objects themselves are used; else each is fetched once. Losing the folder only
 * costs time.
 */
export class VideoFiles implements AsyncDisposable {
  readonly #storage: Storage
  readonly #video: Video
  readonly #looker = new Looker()
  readonly #closing = new AbortController()
  /** What the speech model was asked before its step comes to it. */
  readonly listenAhead = new ListenAhead(this.#closing.signal)
  /** The scratch folder; exists. */
  readonly folder: string

  private constructor(storage: Storage, video: Video, folder: string) {
    this.#storage = storage
    this.#video = video
    // Everything that is shown ahead listens to it.
    setMaxListeners(0, this.#closing.signal)
    this.folder = folder
  }

  /** A folder for each run: one that was taken over must not find or remove the files of the other. */
  static async open(
    scratch: string,
    storage: Storage,
    video: Video,
    runId: string,
  ): Promise<VideoFiles> {
    const folder = path.join(scratch, `${process.pid}@${hostname()}@${video.id}-${runId}`)
    await mkdir(folder, { recursive: true })
    return new VideoFiles(storage, video, folder)
  }

  /** Path of the video as it was fetched. */
  async original(signal: AbortSignal): Promise<string> {
    const key = this.#video.storageKey
    if (!key) {
      throw new PermanentError('not-fetched', 'The video has no stored file; ingest it again.')
    }
    return await this.#local(key, `original${path.extname(key)}`, signal)
  }

  /** Paths of keyframe pictures (JPEG), in the order given. */
  async pictures(keyframes: Keyframe[], signal: AbortSignal): Promise<string[]> {
    const paths: string[] = []
    for (let start = 0; start < keyframes.length; start += FETCHES) {
      const batch = keyframes.slice(start, start + FETCHES)
      paths.push(
        ...(await Promise.all(
          batch.map((keyframe) =>
            this.#local(keyframe.storageKey, pictureName(keyframe.storageKey), signal),
          ),
        )),
      )
    }
    return paths
  }

  /** What a model says of each of the pictures, whose paths `pictures` gave; see `Looker`. */
  lookAt<J extends PictureJob>(
    job: J,
    shown: { keyframes: readonly Keyframe[]; pictures: string[]; profile: Profile },
    look: (pictures: string[]) => Promise<Said[J][]>,
  ): Promise<Looked<Said[J]>> {
    const keys = shown.keyframes.map(({ storageKey }) => storageKey)
    return this.#looker.lookAt(job, { ...shown, keys }, look)
  }

  /** Begins to show pictures to models by their storage keys; `lookAt` finds what they said. */
  lookAhead(models: ModelHost, jobs: readonly PictureJob[], profile: Profile): LookAhead {
    this.#looker.ahead = new LookAhead(models, { jobs, profile }, this.#closing.signal)
    return this.#looker.ahead
  }

  /**
   * Hands over a file that was just stored under a key, so that it need not be fetched again. It is
   * moved here, or left where it is on a folder store.
   */
  async stored(key: string, file: string): Promise<void> {
    if (this.#storage.localPath(key)) return
    const copy = this.scratch(pictureName(key))
    await mkdir(path.dirname(copy), { recursive: true })
    await rename(file, copy)
  }

  /** Path of the folder into which the frames step decodes; may not be there. */
  get decoded(): string {
    return this.scratch('decoded')
  }

  /** Path of the sound as 16 kHz mono WAV, which the frames step leaves for the transcription. */
  get sound(): string {
    return path.join(this.decoded, AUDIO_FILE)
  }

  /** Path inside the scratch folder, where a step may leave something for a later one to find. */
  scratch(name: string): string {
    return path.join(this.folder, name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #local(key: string, name: string, signal: AbortSignal): Promise<string> {
    const inStore = this.#storage.localPath(key)
    if (inStore) return inStore
    const copy = this.scratch(name)
    if (!existsSync(copy)) {
      await mkdir(path.dirname(copy), { recursive: true })
      await this.#storage.getFile(key, copy, { signal })
    }
    return copy
  }
}

const pictureName = (key: string) => path.join('frames', path.basename(key))

/** A cut download that nobody took up again for so long is given up. */
const FETCH_DAYS = 2

/**
 * Removes scratch folders whose process is gone, this process's own number included (it has just
 * begun), and cut downloads that were left for days.
 */
export async function sweepScratch(scratch: string): Promise<void> {
  if (!existsSync(scratch)) return
  for (const name of await readdir(scratch)) {
    const folder = path.join(scratch, name)
    if (name.startsWith('fetch-')) {
      const ageMs = Date.now() - (await stat(folder)).mtimeMs
      if (ageMs < FETCH_DAYS * 86_400_000) continue
    } else {
      const [pid, host] = name.split('@')
      // Another machine's (or container's) processes cannot be seen from here: only age tells.
      const isOld = Date.now() - (await stat(folder)).mtimeMs > FETCH_DAYS * 86_400_000
      const isOurs = host === hostname()
      if (isOurs ? Number(pid) !== process.pid && isRunning(Number(pid)) : !isOld) continue
    }
    // A killed process's ffmpeg may still write here; it ends when its folder is gone.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
