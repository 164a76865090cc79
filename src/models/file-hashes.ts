import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

const entry = z.object({
  bytes: z.number(),
  modifiedMs: z.number(),
  sha256: z.string(),
})
const ledger = z.object({
  /** Hash of each file seen, by absolute path; trusted while size and time are the same. */
  seen: z.record(z.string(), entry).default({}),
  /** Hash of each first download of a file whose hash no manifest names, by its URL. */
  firstUse: z.record(z.string(), z.string()).default({}),
})
type Ledger = z.infer<typeof ledger>

/**
 * SHA-256 of a file as 64 hex digits, read in pieces of 1 MiB.
 *
 * @throws the system's own error when the file cannot be read
 */
export async function sha256OfFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const stream = createReadStream(file, { highWaterMark: 1024 * 1024, ...(signal && { signal }) })
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * Remembers hashes in `hashes.json` of the folder that `models pull` writes to: hashing CLIP's
 * 600 MB takes seconds, and each command would pay them. A folder that cannot be written only
 * costs that time again.
 */
export class FileHashes {
  readonly #file: string

  /** @param modelDir the models folder that is ours to write, see `Settings.modelDirs` */
  constructor(modelDir: string) {
    this.#file = path.join(modelDir, 'hashes.json')
  }

  /** SHA-256 of a model file, from memory when its size and modification time are unchanged. */
  async hashOf(file: string, signal?: AbortSignal): Promise<string> {
    const { size: bytes, mtimeMs: modifiedMs } = await stat(file)
    const known = (await this.#read()).seen[file]
    if (known && known.bytes === bytes && known.modifiedMs === modifiedMs) return known.sha256
    const sha256 = await sha256OfFile(file, signal)
    await this.#update((content) => {
      content.seen[file] = { bytes, modifiedMs, sha256 }
    })
    return sha256
  }

  /** Hash of the first download from that URL, or null when there was none. */
  async firstUseOf(url: string): Promise<string | null> {
    return (await this.#read()).firstUse[url] ?? null
  }

  /** Keeps the hash of a first download; a later one must have the same. */
  async trustFirstUse(url: string, sha256: string): Promise<void> {
    await this.#update((content) => {
      content.firstUse[url] = sha256
    })
  }

  async #read(): Promise<Ledger> {
    try {
      return ledger.parse(JSON.parse(await readFile(this.#file, 'utf8')))
    } catch {
      // Missing, half written by an older version, or edited: nothing is remembered.
      return { seen: {}, firstUse: {} }
    }
  }

  async #update(change: (content: Ledger) => void): Promise<void> {
    const content = await this.#read()
    change(content)
    const temporary = `${this.#file}.${randomUUID()}.tmp`
    try {
      await mkdir(path.dirname(this.#file), { recursive: true })
      await writeFile(temporary, JSON.stringify(content, null, 1))
      await rename(temporary, this.#file)
    } catch (error) {
      if (!isReadOnly(error)) throw error
    }
  }
}

function isReadOnly(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return ['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'ENOTDIR'].includes(code)
}
