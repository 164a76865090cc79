import { ForgeindexError, InvalidInputError, toError } from '../errors.ts'
import { withoutCredentials } from '../log.ts'

// Who reads our output may stop early (`| head`): the rest is not wanted, and that is no fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

/** A refusal that a server answered with. */
export class ServerProblem extends ForgeindexError {
  readonly status: number

  constructor(status: number, code: string, message: string) {
    super(code, message)
    this.status = status
  }
}

/** Prints why a command failed, on standard error, and gives its exit code: 2 wrong use, else 1. */
export function reportFailure(thrown: unknown, asJson: boolean): number {
  const error = toError(thrown)
  const isKnown = error instanceof ForgeindexError
  if (error.name === 'AbortError') return 130
  const message = withoutCredentials(error.message)
  if (asJson) {
    const code = isKnown ? error.code : 'unexpected'
    process.stderr.write(`${JSON.stringify({ error: { code, message } })}\n`)
  } else {
    process.stderr.write(`forgeindex: ${message}\n`)
    if (!isKnown && error.stack) process.stderr.write(`${withoutCredentials(error.stack)}\n`)
  }
  const isWrongUse =
    error instanceof InvalidInputError || (error instanceof ServerProblem && error.status === 400)
  return isWrongUse ? 2 : 1
}

/** One JSON value on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Rows under headings, columns as wide as they need, on standard output. */
export function printTable(headings: string[], rows: string[][]): void {
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  printLine(line(headings))
  for (const row of rows) printLine(line(row))
}
