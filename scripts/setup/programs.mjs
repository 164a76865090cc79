/**
 * Running programs and talking to the person at the terminal, for the starters. Only Node's own
 * modules: a starter runs before `npm ci`. Everything said goes to standard error; standard output
 * belongs to answers.
 */
import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'

/** The repository's root folder, absolute. */
export const root = path.resolve(import.meta.dirname ?? dirnameOf(import.meta.url), '../..')

/** A fault that ends the starter with its message alone: the message says what to do. */
export class SetupError extends Error {}

/** One line to the person, on standard error. */
export function say(line = '') {
  process.stderr.write(`${line}\n`)
}

/**
 * Runs a program to its end and keeps what it wrote. A program that is not there gives code 127.
 *
 * @param {string} program name on the PATH, or path
 * @param {string[]} args
 * @param {{env?: Record<string, string | undefined>, cwd?: string, timeoutMs?: number}} [options]
 * @returns {{code: number, stdout: string, stderr: string}}
 */
export function capture(program, args, options = {}) {
  const done = spawnSync(program, args, {
    cwd: options.cwd ?? root,
    env: options.env ?? process.env,
    encoding: 'utf8',
    timeout: options.timeoutMs,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const missing = done.error && 'code' in done.error && done.error.code === 'ENOENT'
  return {
    code: missing ? 127 : (done.status ?? 1),
    stdout: done.stdout ?? '',
    stderr: done.error && !done.stderr ? String(done.error.message) : (done.stderr ?? ''),
  }
}

/**
 * Runs a program with what it writes shown on standard error, both streams, as it comes.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{env?: Record<string, string | undefined>, cwd?: string}} [options]
 * @returns {Promise<number>} its exit code; 127 when it is not there, 130 when a signal ended it
 */
export function show(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: ['ignore', 2, 2],
    })
    child.once('error', () => resolve(127))
    child.once('close', (code, signal) => resolve(signal ? 130 : (code ?? 1)))
  })
}

/** Runs a starter's main function: a SetupError is its message, anything else keeps its trace. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0
  } catch (error) {
    say(error instanceof SetupError ? `\n${error.message}` : String(error?.stack ?? error))
    process.exitCode = 1
  }
}

/** The last lines of a program's output, for a message. */
export function lastLines(text, count = 3) {
  return text.trim().split('\n').slice(-count).join('\n')
}

/** `import.meta.dirname` came with Node 20.11. */
function dirnameOf(url) {
  return path.dirname(new URL(url).pathname)
}
