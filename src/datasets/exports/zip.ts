import type { Readable } from 'node:stream'
import { stringify as toYaml } from 'yaml'
import type { Database } from '../../config/database.ts'
import { type Dataset, datasetItems, getDataset } from '../../store/datasets.ts'
import { annotationPath, metadataCsv } from './metadata-csv.ts'
import { addToTotals, emptyTotals, readme } from './readme.ts'
import { type ZipEntry, zipStream } from './zip-stream.ts'

/** Annotations in memory at once: each is up to a few hundred kilobytes. */
const BATCH = 50

export interface ExportOptions {
  /** Called when a video's annotation has been written; the archive waits for it. */
  onItem?(): Promise<void>
}

/**
 * The dataset's latest version as a ZIP archive: annotations, metadata.csv, taxonomy.yaml and
 * README.md. The archive is made while it is read, in memory that does not grow with it; whoever
 * takes the stream reads or destroys it. The same version gives the same bytes. `fileName` is made
 * of the id, never of the name.
 *
 * @throws NotFoundError `dataset-not-found`
 */
export async function exportZip(
  { database }: { database: Pick<Database, 'db'> },
  datasetId: string,
  options: ExportOptions = {},
): Promise<{ stream: Readable; fileName: string }> {
  const dataset = await getDataset(database.db, datasetId)
  return {
    stream: zipStream(entries(database, dataset, options), dataset.createdAt),
    fileName: `forgeindex-${dataset.id}-v${dataset.version}.zip`,
  }
}

async function* entries(
  { db }: Pick<Database, 'db'>,
  dataset: Dataset,
  { onItem }: ExportOptions,
): AsyncGenerator<ZipEntry> {
  const totals = emptyTotals()
  for await (const item of datasetItems(db, dataset, { batch: BATCH })) {
    addToTotals(totals, item)
    const body = `${JSON.stringify(item.annotation, null, 2)}\n`
    yield { name: annotationPath(item.videoId), body }
    await onItem?.()
  }
  const items = datasetItems(db, dataset, { batch: BATCH })
  yield { name: 'metadata.csv', body: metadataCsv(items) }
  yield { name: 'taxonomy.yaml', body: taxonomyYaml(dataset) }
  yield { name: 'README.md', body: readme(dataset, totals) }
}

function taxonomyYaml({ taxonomy }: Dataset): string {
  return typeof taxonomy.yaml === 'string' ? taxonomy.yaml : toYaml(taxonomy)
}
