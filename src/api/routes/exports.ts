import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ConflictError } from '../../errors.ts'
import type { Services } from '../../services.ts'
import { getDataset } from '../../store/datasets.ts'
import {
  deleteExport,
  type DatasetExport as ExportRow,
  exportKey,
  findOrCreateExport,
  getExport,
  listExports,
} from '../../store/exports.ts'
import {
  idParams,
  iso,
  isoOrNull,
  objectAnswers,
  page,
  pageQuery,
  problems,
} from '../schemas/common.ts'
import { type DatasetExport, datasetExport, exportBody } from '../schemas/exports.ts'
import { sendObject } from '../send-object.ts'

/** An archive never changes under its id. */
const DAY = 24 * 3600

/** Archives that are made in the background, seen while they grow, and fetched when they are done. */
export const exportRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { database, storage, queue } = services
  const { db } = database

  app.post(
    '/api/dataset/:id/exports',
    {
      schema: {
        tags: ['datasets'],
        description:
          'Makes an archive of the latest version in the background; 200 when there is one already.',
        params: idParams,
        body: exportBody.nullish(),
        response: { 200: datasetExport, 202: datasetExport, ...problems },
      },
    },
    async ({ params, body }, reply) => {
      const { made, created } = await db.transaction().execute(async (trx) => {
        const found = await findOrCreateExport(trx, params.id, body?.format ?? 'zip')
        if (found.created) {
          await queue.enqueue('export', { exportId: found.made.id }, { transaction: trx })
        }
        return found
      })
      return reply.code(created ? 202 : 200).send(exportJson(made))
    },
  )

  app.get(
    '/api/dataset/:id/exports',
    {
      schema: {
        tags: ['datasets'],
        params: idParams,
        querystring: pageQuery,
        response: { 200: page(datasetExport), ...problems },
      },
    },
    async ({ params, query }) => {
      const { id } = await getDataset(db, params.id)
      const list = await listExports(db, id, { limit: query.limit, cursor: query.cursor ?? null })
      return { items: list.items.map(exportJson), next_cursor: list.nextCursor }
    },
  )

  app.get(
    '/api/exports/:id',
    {
      schema: {
        tags: ['datasets'],
        params: idParams,
        response: { 200: datasetExport, ...problems },
      },
    },
    async ({ params }) => exportJson(await getExport(db, params.id)),
  )

  app.get(
    '/api/exports/:id/download',
    {
      schema: {
        tags: ['datasets'],
        description: 'The archive, by ranges, so that a download can go on where it was cut.',
        params: idParams,
        response: objectAnswers('application/zip'),
      },
    },
    async (request, reply) => {
      const made = await getExport(db, request.params.id)
      if (made.state !== 'done') {
        throw new ConflictError(
          'export-not-done',
          made.state === 'failed'
            ? 'This archive could not be made; start the export again.'
            : 'This archive is still being made; ask for it when its state is done.',
        )
      }
      return sendObject(storage, request, reply, exportKey(made), {
        what: 'archive',
        maxAgeSeconds: DAY,
        downloadName: `forgeindex-${made.datasetId}-v${made.version}.${made.format}`,
      })
    },
  )

  app.delete(
    '/api/exports/:id',
    { schema: { tags: ['datasets'], params: idParams, response: { 204: z.null(), ...problems } } },
    async ({ params }, reply) => {
      const made = await deleteExport(db, params.id)
      await queue.cancel('export', { exportId: made.id })
      await storage.delete(exportKey(made))
      return reply.code(204).send(null)
    },
  )
}

function exportJson(row: ExportRow): DatasetExport {
  return {
    id: row.id,
    dataset_id: row.datasetId,
    version: row.version,
    format: row.format,
    state: row.state,
    items_done: row.itemsDone,
    items_total: row.itemsTotal,
    bytes: row.bytes,
    error_message: row.errorMessage,
    created_at: iso(row.createdAt),
    finished_at: isoOrNull(row.finishedAt),
    download_url: row.state === 'done' ? `/api/exports/${row.id}/download` : null,
  }
}
