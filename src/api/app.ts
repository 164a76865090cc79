import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import multipart from '@fastify/multipart'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify from 'fastify'
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import type { Services } from '../services.ts'
import { type AccessOptions, checkAccess } from './access.ts'
import { handleError } from './problems.ts'
import { UPLOAD_LIMITS } from './receive-upload.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { duplicateRoutes } from './routes/duplicates.ts'
import { eventRoutes } from './routes/events.ts'
import { exportRoutes } from './routes/exports.ts'
import { forgottenRoutes } from './routes/forgotten.ts'
import { ingestRoutes } from './routes/ingest.ts'
import { BUILT_PAGES, pageRoutes } from './routes/pages.ts'
import { provenanceRoutes } from './routes/provenance.ts'
import { recomputeRoutes } from './routes/recompute.ts'
import { searchRoutes } from './routes/search.ts'
import { sessionRoutes } from './routes/session.ts'
import { statusRoutes } from './routes/status.ts'
import { taskRoutes } from './routes/tasks.ts'
import { taxonomyRoutes } from './routes/taxonomies.ts'
import { videoPartRoutes } from './routes/video-parts.ts'
import { videoRoutes } from './routes/videos.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import { noQuery } from './schemas/common.ts'

export interface AppOptions extends AccessOptions {
  /** Folder with the built pages; default: the one that `npm run build` fills. */
  pages?: string
}

/** A body of JSON larger than this is a mistake: 10,000 URLs fit. Uploads have a limit of their own. */
const MAX_BODY_BYTES = 16 * 1024 ** 2

export type App = Awaited<ReturnType<typeof buildApp>>

/** The HTTP API, ready to listen or to be asked in-process by `inject`. Opens no port. */
export async function buildApp(services: Services, options: AppOptions) {
  const app = fastify({
    loggerInstance: services.logger.child({}, { level: requestLevel(services.settings.logLevel) }),
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(handleError)
  // Before the access check: a browser's preflight carries no token, and a refusal must be readable.
  await app.register(cors, {
    origin: services.settings.corsOrigins.length > 0 ? services.settings.corsOrigins : false,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Last-Event-ID', 'Range'],
    exposedHeaders: ['Content-Range', 'Accept-Ranges', 'ETag', 'Content-Length'],
  })
  await app.register(cookie)
  app.addHook('onRequest', async (request) => checkAccess(request, services, options))

  // What no route reads is refused by its name everywhere, also where a route says nothing of it.
  app.addHook('onRoute', (route) => {
    const isOurs = /^\/(api\/|health$|stats$)/.test(route.url)
    if (isOurs && route.schema) route.schema.querystring ??= noQuery
  })

  await app.register(multipart, {
    limits: { fileSize: services.settings.maxUploadBytes, ...UPLOAD_LIMITS },
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Forgeindex',
        version: '0.1.0',
        description:
          'Times are seconds on the video’s own timeline. Boxes are shares of the upright frame, ' +
          'origin at the top left. Scores are 0–1, higher is better. Errors are problem details.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())

  await app.register(pageRoutes, {
    settings: services.settings,
    folder: options.pages ?? BUILT_PAGES,
  })
  await app.register(sessionRoutes, { services })
  await app.register(statusRoutes, { services })
  await app.register(ingestRoutes, { services })
  await app.register(taskRoutes, { services })
  await app.register(searchRoutes, { services })
  await app.register(videoRoutes, { services })
  await app.register(videoPartRoutes, { services })
  await app.register(duplicateRoutes, { services })
  await app.register(provenanceRoutes, { services })
  await app.register(forgottenRoutes, { services })
  await app.register(recomputeRoutes, { services })
  await app.register(taxonomyRoutes, { services })
  await app.register(datasetRoutes, { services })
  await app.register(exportRoutes, { services })
  await app.register(eventRoutes, { services })
  await app.register(webhookRoutes, { services })
  return app
}

/** Requests are logged only when asked for: at info a page would write a line for each picture. */
function requestLevel(level: string): string {
  return level === 'info' ? 'warn' : level
}
