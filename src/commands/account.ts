import type { Estimate, Task } from '../api/schemas/tasks.ts'
import { printLine, printTable } from './report.ts'

/** What became of everything that a task found, and what its owner should know. */
export function printAccount({ account, notes }: Pick<Task, 'account' | 'notes'>): void {
  printTable(
    ['account', 'videos'],
    [
      ['asked', String(account.asked)],
      ['found', String(account.found)],
      ['accepted', String(account.accepted)],
      ...(account.in_work > 0 ? [['in work', String(account.in_work)]] : []),
      ...group('rejected', account.rejected),
      ...group('failed', account.failed),
      ...(account.replaced > 0 ? [['replaced', String(account.replaced)]] : []),
      ...(account.duplicates > 0 ? [['duplicates', String(account.duplicates)]] : []),
    ],
  )
  for (const { message, count } of notes) {
    printLine(count > 1 ? `${message} (${count} times)` : message)
  }
}

export function printEstimate(found: Estimate): void {
  const cost = found.apify_cost_usd
  printTable(
    ['estimate', ''],
    [
      ['videos', String(found.candidates)],
      ['looked at', String(found.sampled)],
      ['hours of video', found.hours === null ? 'not stated' : found.hours.toFixed(2)],
      ['megabytes', found.bytes === null ? 'not stated' : (found.bytes / 1e6).toFixed(1)],
      [
        found.seconds_measured ? 'seconds (measured here)' : 'seconds (assumed)',
        String(found.seconds_estimated),
      ],
      ...(cost === null ? [] : [['dollars at Apify', cost.toFixed(2)]]),
      ...group('platforms', found.by_platform),
      ...group('licences', found.licences),
      ...group('rejected', found.rejected),
    ],
  )
  for (const { title, url } of found.samples) printLine(`${title}  ${url}`)
  for (const { message } of found.notes) printLine(message)
}

/** The sum, then each part below it. */
function group(name: string, counts: Record<string, number>): string[][] {
  const parts = Object.entries(counts).sort((a, b) => b[1] - a[1])
  const sum = parts.reduce((total, [, count]) => total + count, 0)
  return [[name, String(sum)], ...parts.map(([code, count]) => [`  ${code}`, String(count)])]
}
