import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { exportZip } from '../../datasets/exports/zip.ts'
import { describeFilters, parseFilters } from '../../datasets/filters.ts'
import { createDataset } from '../../datasets/versions.ts'
import { loadTaxonomy } from '../../labeling/taxonomy.ts'
import { taxonomyYaml } from '../../labeling/taxonomy-yaml.ts'
import type { Services } from '../../services.ts'
import { type DatasetMember, listDatasetVideos } from '../../store/dataset-members.ts'
import { type Dataset, deleteDataset, getDataset, listDatasets } from '../../store/datasets.ts'
import { exportsPrefix } from '../../store/exports.ts'
import { idParams, iso, page, pageQuery, problems } from '../schemas/common.ts'
import {
  type Dataset as DatasetJson,
  type DatasetVideo,
  dataset,
  datasetBody,
  datasetVideo,
} from '../schemas/datasets.ts'
import { exportBody } from '../schemas/exports.ts'
import { videoUrl } from '../video-json.ts'

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
        body: datasetBody,
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
    '/api/dataset/:id/videos',
    {
      schema: {
        tags: ['datasets'],
        description: 'The videos of the latest version, in its order.',
        params: idParams,
        querystring: pageQuery,
        response: { 200: page(datasetVideo), ...problems },
      },
    },
    async ({ params, query }) => {
      const frozen = await getDataset(db, params.id)
      const options = { limit: query.limit, cursor: query.cursor ?? null }
      const list = await listDatasetVideos(db, frozen, options)
      return { items: list.items.map(memberJson), next_cursor: list.nextCursor }
    },
  )

  app.delete(
    '/api/dataset/:id',
    {
      schema: {
        tags: ['datasets'],
        description: 'Deletes the dataset and its archives; the videos stay.',
        params: idParams,
        response: { 204: z.null(), ...problems },
      },
    },
    async ({ params }, reply) => {
      await deleteDataset(db, params.id)
      // A run that is still at it sees that its row is gone, and removes what it made.
      await services.storage.deletePrefix(exportsPrefix(params.id.toLowerCase()))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/dataset/:id/export',
    {
      schema: {
        tags: ['datasets'],
        description: 'The latest version as an archive, streamed. A read is no event.',
        params: idParams,
        querystring: exportBody,
        response: {
          200: {
            description: 'The bytes',
            content: { 'application/zip': { schema: z.any().meta({ format: 'binary' }) } },
          },
          ...problems,
        },
      },
    },
    async ({ params }, reply) => {
      const { stream, fileName } = await exportZip(services, params.id)
      // A reader that goes away must not leave the rest being read.
      reply.raw.on('close', () => stream.destroy())
      return reply
        .type('application/zip')
        .header('content-disposition', `attachment; filename="${fileName}"`)
        .send(stream)
    },
  )
}

function datasetJson(row: Dataset): DatasetJson {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    video_count: row.videoCount,
    removed_count: row.removedCount,
    total_seconds: row.totalSeconds,
    version: row.version,
    filters: row.filters,
    filters_text: row.filtersText ?? describeFilters(parseFilters(row.filters)),
    created_at: iso(row.createdAt),
  }
}

function memberJson(row: DatasetMember): DatasetVideo {
  return {
    video_id: row.videoId,
    title: row.title,
    thumbnail_url: row.thumbnailKey ? videoUrl(row.videoId, 'thumbnail') : null,
    duration: row.duration,
  }
}
