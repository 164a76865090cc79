import type { Dataset, DatasetItem } from '../../store/datasets.ts'
import { describeFilters, parseFilters } from '../filters.ts'
import { itemFacts, type ModelFacts } from './item-facts.ts'
import { METADATA_COLUMNS } from './metadata-csv.ts'

/** What the README counts, gathered while the annotations are written. */
export interface Totals {
  videos: number
  seconds: number
  withSpeech: number
  licences: Map<string, number>
  /** Lines for those whose licence asks for it, or is not known; the first ones. */
  attributions: string[]
  /** How many there would be. */
  attributed: number
  objects: Map<string, number>
  activities: Map<string, number>
  /** By step, name and licence. */
  models: Map<string, ModelFacts>
}

export function emptyTotals(): Totals {
  return {
    videos: 0,
    seconds: 0,
    withSpeech: 0,
    licences: new Map(),
    attributions: [],
    attributed: 0,
    objects: new Map(),
    activities: new Map(),
    models: new Map(),
  }
}

/** Different values kept of one kind: uploaders may write anything into a licence. */
const MAX_VALUES = 1000
/** Lines of attribution in the README; metadata.csv has them all. */
const MAX_ATTRIBUTIONS = 500

export function addToTotals(totals: Totals, item: DatasetItem): void {
  const facts = itemFacts(item)
  const count = (counts: Map<string, number>, value: string) => {
    if (counts.has(value) || counts.size < MAX_VALUES)
      counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  totals.videos++
  totals.seconds += facts.duration ?? 0
  if (facts.language !== null) totals.withSpeech++
  count(totals.licences, facts.licenceSpdx ?? facts.licence ?? 'none stated')
  if (facts.licence !== null && facts.needsAttribution !== false) {
    totals.attributed++
    if (totals.attributions.length < MAX_ATTRIBUTIONS) totals.attributions.push(facts.attribution)
  }
  for (const label of facts.objects) count(totals.objects, label)
  for (const label of facts.activities) count(totals.activities, label)
  for (const model of facts.models) totals.models.set(JSON.stringify(model), model)
}

/** README.md of an archive: what it is, how to read it, and whose it is. */
export function readme(dataset: Dataset, totals: Totals): string {
  const models = [...totals.models.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, m]) => m)
  const agpl = models.some((model) =>
    /yolov8|yolo11|agpl/i.test(`${model.name} ${model.licence ?? ''}`),
  )
  return `# ${inline(dataset.name)}

${dataset.description ? `${dataset.description.replace(/^/gm, '> ')}\n\n` : ''}A labelled video dataset made by Forgeindex: the annotations and metadata of ${totals.videos} videos (${(totals.seconds / 3600).toFixed(2)} hours, ${totals.withSpeech} with speech). The videos themselves are not in this archive; \`source_url\` says where each one is.

- Dataset \`${dataset.id}\`, version ${dataset.version}, frozen ${dataset.createdAt.toISOString()}
- Chosen: ${inline(describeFilters(parseFilters(dataset.filters)))}
${withdrawn(dataset)}
## Files

| file | what it is |
|---|---|
| \`annotations/<video_id>.json\` | all labels of one video |
| \`metadata.csv\` | one line a video |
| \`taxonomy.yaml\` | the words used as labels and the rules behind them |

## Conventions

- Times are seconds (float) on the video's own timeline. Scores and confidences are 0-1, higher is surer.
- Boxes: \`bbox_x\`, \`bbox_y\` are the top-left corner, \`bbox_w\`, \`bbox_h\` the size, all as shares of the upright frame's width or height.
- Labels were made by the models named below, not by people, except tags given by hand. Each label names the model that made it.

## metadata.csv

UTF-8, with a header. A text that begins with \`=\`, \`+\`, \`-\`, \`@\`, a tab or a line break has an apostrophe before it, so that no spreadsheet runs it as a formula; the annotation has the text as it was.

| column | what it is |
|---|---|
${Object.entries(METADATA_COLUMNS)
  .map(([column, meaning]) => `| \`${column}\` | ${meaning} |`)
  .join('\n')}

## Reading it in Python

\`\`\`python
import json, pathlib
import pandas as pd

videos = pd.read_csv("metadata.csv", keep_default_na=False)
for video in videos.itertuples():
    annotation = json.loads(pathlib.Path(video.annotation_file).read_text(encoding="utf-8"))
    print(video.title, [seen["label"] for seen in annotation["objects_detected"]])
\`\`\`

## What is in it

${counted('Objects', totals.objects)}
${counted('Activities', totals.activities)}
## Licences of the videos

Each video is under its own licence, named in \`metadata.csv\` and in its annotation. Forgeindex gives no rights to them: check each one before you publish or train with it, and name its author where the licence asks for it (\`attribution\` has the line). Ids are those of SPDX, \`LicenseRef-…\` where SPDX has none; \`licence_evidence_url\` is the page that showed it when it was found.

${table(['licence', 'videos'], ranked(totals.licences))}

### Attributions

${attributions(totals)}

## Models that made the labels

${
  models.length > 0
    ? table(
        ['step', 'model', 'licence of the model'],
        models.map((m) => [m.step, m.name, m.licence ?? 'not stated']),
      )
    : 'None: no model ran on these videos.'
}
${agpl ? '\nThe YOLO weights of Ultralytics are licensed under AGPL-3.0; what that means for labels made with them is for the user to judge.\n' : ''}`
}

/** Nothing while the version is whole. */
function withdrawn({ removedCount }: Dataset): string {
  if (removedCount === 0) return ''
  const were = removedCount === 1 ? '1 video was' : `${removedCount} videos were`
  return `- ${were} withdrawn after this version was frozen and is no part of it any more: delete what you have of an earlier archive of it that is not in this one.\n`
}

function attributions({ attributions: lines, attributed }: Totals): string {
  if (lines.length === 0) return 'None of the licences asks for one.'
  const more = attributed - lines.length
  return [
    ...lines.map((line) => `- ${inline(line)}`),
    ...(more > 0 ? [`- … and ${more} more in \`metadata.csv\``] : []),
  ].join('\n')
}

function counted(title: string, counts: Map<string, number>): string {
  if (counts.size === 0) return `${title}: none.\n`
  return `${table([title.toLowerCase(), 'videos'], ranked(counts).slice(0, 100))}\n`
}

function ranked(counts: Map<string, number>): string[][] {
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([value, count]) => [value, String(count)])
}

function table(head: string[], rows: string[][]): string {
  if (rows.length === 0) return 'None.'
  const line = (cells: string[]) => `| ${cells.map(inline).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** One line of Markdown that a foreign text cannot break out of. */
function inline(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\|`*<>[\]]/g, '\\$&')
}
