import { getPriority, setPriority } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a thread on a file of ours. It is TypeScript when this file is; a thread does not inherit
 * what loads that.
 *
 * @param file its path, without its ending
 */
export function startThread(file: string, options: WorkerOptions): Worker {
  const extension = path.extname(import.meta.filename)
  const entry = `${file}${extension}`
  if (extension === '.js') return new Worker(entry, options)
  const load = `import('tsx/esm/api').then(({ register }) => {
    register()
    return import(${JSON.stringify(pathToFileURL(entry).href)})
  })`
  return new Worker(load, { ...options, eval: true })
}

/**
 * Lets the other threads of the process have the cores first. Linux keeps a priority for each thread;
 * elsewhere it would be the whole process's, and nothing is done.
 *
 * @param niceness added to the thread's priority number
 */
export function yieldThread(niceness: number): void {
  if (niceness === 0 || process.platform !== 'linux') return
  try {
    setPriority(Math.min(19, getPriority() + niceness))
  } catch {
    // A system that forbids even this costs some order, nothing else.
  }
}
