/**
 * `npm run bench:quality [-- --json] [--write]`: how right the labels are, on material with known answers
 * (the folder that FORGEINDEX_TEST_DATA names): boxes, counts, words, search ranks, by the models that the
 * settings choose; then cuts and copies, each by its own script beside this one.
 *
 * `--write` keeps the models' scores in `quality/known-scores.json`, which a test holds the code to. The
 * last line is JSON. `--json` leaves out the table before it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { settingsFromProcess } from '../src/config/settings.ts'
import { createLogger } from '../src/log.ts'
import { run } from '../src/media/process.ts'
import { ModelHost } from '../src/models/host.ts'
import { measureModels } from './quality/measure.ts'
import type { ModelScores } from './quality/score.ts'

const root = path.resolve(import.meta.dirname, '..')
const known = path.join(root, 'bench/quality/known-scores.json')
const data = process.env.FORGEINDEX_TEST_DATA ?? path.join(root, '../shared/data')
const onlyJson = process.argv.includes('--json')
const note = (line: string) => (onlyJson ? undefined : process.stdout.write(`${line}\n`))

const work = mkdtempSync(path.join(tmpdir(), 'forgeindex-quality-'))
try {
  const models = await measured()
  note(`| model | what | value | of |\n|---|---|---|---|`)
  for (const { model, scores } of models) {
    for (const { name, value, of } of scores) note(`| ${model} | ${name} | ${value} | ${of} |`)
  }
  if (process.argv.includes('--write')) keep(models)
  const shots = await lastLineOf('shots.ts')
  const duplicates = await lastLineOf('duplicates.ts')
  const hardware = `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`
  const date = new Date().toISOString().slice(0, 10)
  process.stdout.write(`${JSON.stringify({ date, hardware, models, shots, duplicates })}\n`)
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function measured(): Promise<ModelScores[]> {
  const settings = settingsFromProcess()
  await using host = new ModelHost(settings, createLogger('error'))
  return await measureModels(host, data)
}

/** Scores of other models stay. */
function keep(models: ModelScores[]): void {
  const before = JSON.parse(readFileSync(known, 'utf8')) as ModelScores[]
  const others = before.filter(({ model }) => !models.some((entry) => entry.model === model))
  const all = [...others, ...models].sort((a, b) => a.model.localeCompare(b.model, 'en'))
  writeFileSync(known, `${JSON.stringify(all, null, 2)}\n`)
}

/** What a script beside this one found, as its last line says; its table goes out as it is. */
async function lastLineOf(script: string): Promise<unknown> {
  const file = path.join(root, 'bench/quality', script)
  const { code, stdout, stderr } = await run(process.execPath, ['--import', 'tsx', file], {
    cwd: root,
  })
  if (code !== 0) {
    note(`${script}: ${stderr.trim().split('\n').at(-1)}`)
    return null
  }
  const lines = stdout.trim().split('\n')
  note(lines.slice(0, -1).join('\n'))
  return JSON.parse(lines.at(-1)!)
}
