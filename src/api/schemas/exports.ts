import { z } from 'zod'
import { EXPORT_FORMATS, EXPORT_STATES } from '../../store/schema.ts'
import { isoDate } from './common.ts'

export const exportFormat = z.enum(EXPORT_FORMATS).default('zip')

export const exportBody = z.strictObject({ format: exportFormat })

/** An archive of one version of a dataset, as it is made in the background. */
export const datasetExport = z
  .object({
    id: z.string(),
    dataset_id: z.string(),
    version: z.number().int(),
    format: z.enum(EXPORT_FORMATS),
    state: z.enum(EXPORT_STATES),
    items_done: z.number().int().describe('Videos written so far'),
    items_total: z.number().int(),
    bytes: z.number().int().nullable().describe('Size of the archive; null until it is done'),
    error_message: z.string().nullable(),
    created_at: isoDate,
    finished_at: isoDate.nullable(),
    download_url: z.string().nullable().describe('Null until it is done'),
  })
  .meta({ id: 'DatasetExport' })
export type DatasetExport = z.infer<typeof datasetExport>
