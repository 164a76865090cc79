/** The demo's last words, on standard output. */

/**
 * @param {{rows: ReturnType<typeof import('./findings.mjs').rowOf>[], searches: any[],
 *   exported: {file: string, videos: number, bytes: number}, gaps: string[]}} found
 */
export function printSummary({ rows, searches, exported, gaps }) {
  const lines = ['', '── Videos ──', ...rows.map(videoLine), '', totals(rows), '', '── Searches ──']
  for (const { query, mode, results } of searches) {
    lines.push(`“${query}”${mode === 'words' ? ' (by words only)' : ''}`)
    lines.push(...(results.length > 0 ? results.map(resultLine) : ['   nothing found']))
  }
  lines.push('', '── Export ──', `${exported.file}`)
  lines.push(`${exported.videos} videos, ${size(exported.bytes)}`)
  if (gaps.length > 0) {
    lines.push('', '── Not shown here, and why ──', ...gaps.map((gap) => `- ${gap}`))
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

function videoLine(row) {
  const parts = [`${row.keyframes} keyframes`]
  if (row.objects.length > 0) parts.push(row.objects.slice(0, 3).map(times).join(', '))
  if (row.activities > 0) parts.push(`${row.activities} activities`)
  if (row.words > 0) parts.push(`${row.words} words spoken`)
  if (row.duplicates > 0) parts.push('near-duplicate')
  return `${row.title}\n   ${row.status}; ${parts.join('; ')}`
}

function totals(rows) {
  const sum = (value) => rows.reduce((total, row) => total + value(row), 0)
  const labels = new Set(rows.flatMap((row) => row.objects.map(([label]) => label)))
  const concepts = new Set(rows.flatMap((row) => row.concepts.map(([label]) => label)))
  return [
    `${rows.length} videos (${rows.filter((row) => row.status === 'completed').length} completed)`,
    `${sum((row) => row.keyframes)} keyframes`,
    `${sum((row) => row.objects.reduce((total, [, count]) => total + count, 0))} objects of ${labels.size} labels`,
    `${concepts.size} concepts`,
    `${sum((row) => row.activities)} activities`,
    `${sum((row) => row.words)} words spoken`,
    `${rows.filter((row) => row.duplicates > 0).length} videos with a near-duplicate`,
  ].join(', ')
}

function resultLine({ title, score, moments }) {
  const [moment] = moments
  const when = moment ? `  ${clock(moment.start_time)}–${clock(moment.end_time)}` : ''
  return `   ${score.toFixed(3)}  ${title}${when}`
}

function times([label, count]) {
  return `${count}× ${label}`
}

/** Seconds as `1:05.3`. */
function clock(seconds) {
  const minutes = Math.floor(seconds / 60)
  return `${minutes}:${(seconds - minutes * 60).toFixed(1).padStart(4, '0')}`
}

function size(bytes) {
  return bytes < 1024 ** 2
    ? `${Math.ceil(bytes / 1024)} KiB`
    : `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}
