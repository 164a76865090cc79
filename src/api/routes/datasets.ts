import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { exportZip } from '../../datasets/exports/zip.ts'
import { parseFilters } from '../../datasets/filters.ts'
import { createDataset } from '../../datasets/versions.ts'
import { loadTaxonomy, taxonomyYaml } from '../../labeling/taxonomy.ts'
import type { Services } from '../../services.ts'
import { type Dataset, getDataset, listDatasets } from '../../store/datasets.ts'
import { recordEvent } from '../../store/events.ts'
import { idParams, iso, isoDate, page, pageQuery, plainText, problems } from '../schemas/common.ts'

const dataset = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    video_count: z.number().int(),
    version: z.number().int(),
    filters: z.record(z.string(), z.unknown()),
    created_at: isoDate,
  })
  .meta({ id: 'Dataset' })

export const datasetRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { db } = services.database

  app.post(
    '/api/dataset',
    {
      schema: {
        tags: ['datasets'],
        description: 'Freezes the videos that the filters mean now as version 1.',
        body: z.strictObject({
          name: plainText.trim().min(1).max(200),
          description: plainText.max(10_000).nullish(),
          filters: z.record(z.string(), z.unknown()).default({}),
        }),
        response: { 201: dataset, ...problems },
      },
    },
    async ({ body }, reply) => {
      const taxonomy = await loadTaxonomy(services.settings.taxonomy)
      const made = await createDataset(db, {
        name: body.name,
        description: body.description ?? null,
        filters: parseFilters(body.filters, 'filters.'),
        // The text beside the data: JSON in the database forgets the order of categories.
        taxonomy: { ...taxonomy, yaml: taxonomyYaml(taxonomy) },
      })
      return reply.code(201).send(datasetJson(made))
    },
  )

  app.get(
    '/api/dataset',
    {
      schema: {
        tags: ['datasets'],
        querystring: pageQuery,
        response: { 200: page(dataset), ...problems },
      },
    },
    async ({ query }) => {
      const list = await listDatasets(db, { limit: query.limit, cursor: query.cursor ?? null })
      return { items: list.items.map(datasetJson), next_cursor: list.nextCursor }
    },
  )

  app.get(
    '/api/dataset/:id',
    { schema: { tags: ['datasets'], params: idParams, response: { 200: dataset, ...problems } } },
    async ({ params }) => datasetJson(await getDataset(db, params.id)),
  )

  app.get(
    '/api/dataset/:id/export',
    {
      schema: {
        tags: ['datasets'],
        description: 'The latest version as an archive, streamed.',
        params: idParams,
        querystring: z.strictObject({ format: z.enum(['zip']).default('zip') }),
      },
    },
    async ({ params, log }, reply) => {
      const { stream, fileName } = await exportZip(services, params.id)
      // A reader that goes away must not leave the rest being read.
      reply.raw.on('close', () => stream.destroy())
      stream.on('end', () => {
        recordEvent(db, 'export.completed', {}, { dataset_id: params.id, format: 'zip' }).catch(
          (error: unknown) => log.warn({ err: error }, 'the export is done but not recorded'),
        )
      })
      return reply
        .type('application/zip')
        .header('content-disposition', `attachment; filename="${fileName}"`)
        .send(stream)
    },
  )
}

function datasetJson(row: Dataset): z.infer<typeof dataset> {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    video_count: row.videoCount,
    version: row.version,
    filters: row.filters,
    created_at: iso(row.createdAt),
  }
}
