import { useEffect, useRef, useState } from 'react'
import type { Refused } from './upload-store.ts'

/** Most files that one drop gives: a folder may hold anything, and not all of it is videos. */
const MAX_DROPPED = 2_000
const TOO_MANY = `one drop gives at most ${MAX_DROPPED.toLocaleString('en')} files; drop the rest by itself`

/** Takes files and folders dropped anywhere on the page. True while files are held over it. */
export function useFileDrop(onFiles: (files: File[], refused: Refused[]) => void): boolean {
  const [isOver, setIsOver] = useState(false)
  const latest = useRef(onFiles)
  useEffect(() => {
    latest.current = onFiles
  })
  useEffect(() => {
    // Each element on the way sends its own enter and leave.
    let depth = 0
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    const enter = (event: DragEvent) => {
      if (!holdsFiles(event)) return
      depth++
      setIsOver(true)
    }
    const leave = (event: DragEvent) => {
      if (!holdsFiles(event)) return
      depth = Math.max(0, depth - 1)
      if (depth === 0) setIsOver(false)
    }
    const over = (event: DragEvent) => {
      if (!holdsFiles(event)) return
      event.preventDefault()
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy'
    }
    const drop = (event: DragEvent) => {
      if (!holdsFiles(event) || !event.dataTransfer) return
      event.preventDefault()
      depth = 0
      setIsOver(false)
      void filesOf(event.dataTransfer).then(({ files, refused }) => latest.current(files, refused))
    }
    const listeners = { dragenter: enter, dragleave: leave, dragover: over, drop } as const
    for (const [type, listener] of Object.entries(listeners))
      window.addEventListener(type, listener as EventListener)
    return () => {
      for (const [type, listener] of Object.entries(listeners))
        window.removeEventListener(type, listener as EventListener)
    }
  }, [])
  return isOver
}

export interface Dropped {
  files: File[]
  /** What could not be read, or was beyond the limit, each with its reason. */
  refused: Refused[]
}

/** The files that were dropped, those in folders too. */
function filesOf(dropped: DataTransfer): Promise<Dropped> {
  // Both lists are empty once this event is over: they are read before anything is awaited.
  const plain = [...dropped.files]
  const entries = [...dropped.items]
    .map((item) => item.webkitGetAsEntry?.())
    .filter((entry) => entry !== null && entry !== undefined)
  if (entries.length === 0) return Promise.resolve({ files: plain, refused: [] })
  return filesIn(entries)
}

/** The files of these entries and of the folders among them; one that cannot be read stops no other. */
export async function filesIn(entries: readonly FileSystemEntry[]): Promise<Dropped> {
  const into: Dropped = { files: [], refused: [] }
  let isWhole = true
  for (const entry of entries) isWhole = (await collect(entry, into)) && isWhole
  if (!isWhole) into.refused.unshift({ name: 'The rest of what was dropped', reason: TOO_MANY })
  return into
}

/** False when there was more than one drop may give. */
async function collect(entry: FileSystemEntry, into: Dropped): Promise<boolean> {
  if (into.files.length >= MAX_DROPPED) return false
  try {
    if (entry.isFile) {
      into.files.push(
        await new Promise<File>((resolve, reject) =>
          (entry as FileSystemFileEntry).file(resolve, reject),
        ),
      )
      return true
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader()
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      )
      if (some.length === 0) return true
      for (const each of some) {
        if (!each.name.startsWith('.') && !(await collect(each, into))) return false
      }
    }
  } catch (error) {
    const why = error instanceof Error && error.message ? ` (${error.message})` : ''
    into.refused.push({ name: entry.name, reason: `cannot be read${why}` })
    return true
  }
}
