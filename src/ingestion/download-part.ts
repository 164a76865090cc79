import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'

/** A download that is whole. */
export interface WholeFile {
  /** Absolute path, `<folder>/original.<ext>`. */
  file: string
  bytes: number
  sha256: string
}

/** What is on disk of an unfinished download. */
export interface Part {
  file: string
  /** Names the very bytes that the part belongs to; null when the server gave no name for them. */
  validator: string | null
  bytes: number
  /** Of exactly those bytes. */
  hash: Hash
}

/** What lies beside a part: which bytes it is a part of, and then that it is whole. */
const noteSchema = z.object({
  url: z.string(),
  validator: z.string().nullable(),
  whole: z.object({ name: z.string(), bytes: z.number(), sha256: z.string() }).optional(),
})

/** What an earlier run of the program left for this address, or an empty part. */
export async function openPart(file: string, url: string): Promise<Part> {
  const part: Part = { file, validator: null, bytes: 0, hash: createHash('sha256') }
  const note = await readNote(part)
  if (note?.url !== url || note.validator === null) return part
  if (!(await stat(file).catch(() => null))) return part
  part.validator = note.validator
  for await (const chunk of createReadStream(file)) {
    part.hash.update(chunk)
    part.bytes += chunk.length
  }
  return part
}

/** The whole file that a run which was killed left for this address; null when there is none. */
export async function wholeFrom(partFile: string, url: string): Promise<WholeFile | null> {
  const note = await readNote({ file: partFile })
  if (note?.url !== url || !note.whole) return null
  const file = path.join(path.dirname(partFile), path.basename(note.whole.name))
  if ((await stat(file).catch(() => null))?.size !== note.whole.bytes) return null
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  const { bytes, sha256 } = note.whole
  return hash.digest('hex') === sha256 ? { file, bytes, sha256 } : null
}

/** Says which bytes a part belongs to; null when nobody can say. */
export async function writeNote(
  part: Pick<Part, 'file'>,
  note: z.infer<typeof noteSchema> | null,
): Promise<void> {
  if (note) await writeFile(noteOf(part), JSON.stringify(note))
  else await rm(noteOf(part), { force: true })
}

async function readNote(part: Pick<Part, 'file'>): Promise<z.infer<typeof noteSchema> | null> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(noteOf(part), 'utf8')))
  } catch (thrown) {
    // Absent, or cut by a crash: then there is nothing to go on from.
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null
    if (thrown instanceof SyntaxError || thrown instanceof z.ZodError) return null
    throw thrown
  }
}

/** Forgets what was there: the next bytes are the file's first. */
export async function startOver(part: Part): Promise<void> {
  part.bytes = 0
  part.hash = createHash('sha256')
  part.validator = null
  await rm(part.file, { force: true })
  await rm(noteOf(part), { force: true })
}

function noteOf(part: Pick<Part, 'file'>): string {
  return `${part.file}.json`
}
