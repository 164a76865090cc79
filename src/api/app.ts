import { timingSafeEqual } from 'node:crypto'
import cors from '@fastify/cors'
import multipart from '@fastify/multipart'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyRequest } from 'fastify'
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import type { Services } from '../services.ts'
import { AccessError, handleError, sendProblem } from './problems.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { eventRoutes } from './routes/events.ts'
import { ingestRoutes } from './routes/ingest.ts'
import { searchRoutes } from './routes/search.ts'
import { statusRoutes } from './routes/status.ts'
import { taskRoutes } from './routes/tasks.ts'
import { videoRoutes } from './routes/videos.ts'

export interface AppOptions {
  /** Token that marks a caller as this machine's own user: the command line's. */
  localToken: string | null
  /** False when the server listens beyond loopback: then a token is needed and any Host may come. */
  loopbackOnly: boolean
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
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      404,
      'route-not-found',
      `There is no ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}; /docs lists what there is.`,
    ),
  )
  // Before the access check: a browser's preflight carries no token, and a refusal must be readable.
  await app.register(cors, {
    origin: services.settings.corsOrigins.length > 0 ? services.settings.corsOrigins : false,
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Last-Event-ID', 'Range'],
    exposedHeaders: ['Content-Range', 'Accept-Ranges', 'ETag', 'Content-Length'],
  })
  app.addHook('onRequest', async (request) => checkAccess(request, services, options))

  await app.register(multipart, {
    limits: { fileSize: services.settings.maxUploadBytes, files: 1_000, fields: 10 },
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
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs', 302))
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())

  await app.register(statusRoutes, { services })
  await app.register(ingestRoutes, { services })
  await app.register(taskRoutes, { services })
  await app.register(searchRoutes, { services })
  await app.register(videoRoutes, { services })
  await app.register(datasetRoutes, { services })
  await app.register(eventRoutes, { services })
  return app
}

declare module 'fastify' {
  interface FastifyRequest {
    /** True when the caller proved to be this machine's own user. */
    isLocalUser?: boolean
  }
}

/** Names under which a loopback server may be asked; another Host is a page that rebound its DNS. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)(:\d+)?$/i
/** Health checks come without a token. */
const OPEN_PATHS = new Set(['/health'])

function checkAccess(
  request: FastifyRequest,
  { settings }: Services,
  { localToken, loopbackOnly }: AppOptions,
): void {
  const host = request.headers.host ?? ''
  const allowed = settings.allowedHosts
  const named = allowed.some((name) => host === name || host.replace(/:\d+$/, '') === name)
  if (!named && (loopbackOnly || allowed.length > 0) && !LOOPBACK.test(host)) {
    throw new AccessError(
      403,
      'host-not-allowed',
      `Requests for the host ${JSON.stringify(host.slice(0, 100))} are refused; name it in FORGEINDEX_ALLOWED_HOSTS.`,
    )
  }
  const { origin } = request.headers
  if (origin && !sameHost(origin, host) && !settings.corsOrigins.includes(origin)) {
    throw new AccessError(
      403,
      'origin-not-allowed',
      `Pages of ${origin.slice(0, 200)} may not ask; name the origin in FORGEINDEX_CORS_ORIGINS.`,
    )
  }
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  request.isLocalUser = localToken !== null && equal(given, localToken)
  if (request.isLocalUser || OPEN_PATHS.has(request.url.split('?')[0] ?? '')) return
  if (settings.token && !equal(given, settings.token)) {
    throw new AccessError(
      401,
      given ? 'wrong-token' : 'token-required',
      'Send the value of FORGEINDEX_TOKEN as `Authorization: Bearer …`.',
    )
  }
}

function sameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Requests are logged only when asked for: at info a page would write a line for each picture. */
function requestLevel(level: string): string {
  return level === 'info' ? 'warn' : level
}
