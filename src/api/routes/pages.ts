import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../../config/settings.ts'
import { isOwnPath } from '../access.ts'
import { sendProblem } from '../problems.ts'

/** What `npm run build` makes of `frontend/`; the same place seen from `src/` and from `dist/`. */
export const BUILT_PAGES = path.join(import.meta.dirname, '../../../frontend/dist')

const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Forgeindex</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"></head>
<body style="font-family: sans-serif; margin: 3rem auto; max-width: 34rem; padding: 0 1rem">
<h1>Forgeindex</h1>
<p>The program runs, but its pages are not built yet. In its folder run</p>
<pre>npm run build</pre>
<p>and start it again. Until then: <a href="/docs">the HTTP API</a>.</p>
</body></html>
`

/** Serves the pages from `folder`, and an index for every address that a page makes up itself. */
export const pageRoutes: FastifyPluginAsync<{ settings: Settings; folder: string }> = async (
  app,
  { settings, folder },
) => {
  const headers = securityHeaders(settings)
  const isBuilt = existsSync(path.join(folder, 'index.html'))
  if (isBuilt) {
    await app.register(fastifyStatic, {
      root: folder,
      serve: false,
      preCompressed: true,
      cacheControl: false,
      setHeaders: (reply) => void reply.headers(headers),
    })
    app.get('/*', { schema: { hide: true } }, (request, reply) => {
      const name = (request.params as { '*': string })['*']
      if (isFile(folder, name)) return sendFile(reply, name)
      return isNavigation(request) ? sendFile(reply, 'index.html') : noRoute(request, reply)
    })
  } else {
    app.get('/', { schema: { hide: true } }, (_request, reply) =>
      reply.headers(headers).type('text/html; charset=utf-8').send(NOT_BUILT),
    )
  }
  app.setNotFoundHandler(noRoute)
}

function isFile(folder: string, name: string): boolean {
  const file = path.join(folder, name)
  if (!file.startsWith(folder + path.sep) || name.includes('\0')) return false
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}

function sendFile(reply: FastifyReply, name: string) {
  // Only names under assets/ change with what is inside.
  const isHashed = path.posix.normalize(name).startsWith('assets/')
  return reply
    .header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    .sendFile(name)
}

/** A person opening an address, not a page asking for a file that is missing. */
function isNavigation(request: FastifyRequest): boolean {
  return (
    (request.headers.accept ?? '').includes('text/html') &&
    !isOwnPath(request) &&
    !request.url.startsWith('/assets/')
  )
}

function noRoute(request: FastifyRequest, reply: FastifyReply) {
  return sendProblem(
    reply,
    404,
    'route-not-found',
    `There is no ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}; /docs lists what there is.`,
  )
}

/** Pages run our own scripts alone; pictures and videos may also come from the object store. */
function securityHeaders({ s3 }: Settings): Record<string, string> {
  const store = s3?.publicUrl ? ` ${new URL(s3.publicUrl).origin}` : ''
  return {
    'content-security-policy': [
      "default-src 'self'",
      `img-src 'self' data: blob:${store}`,
      `media-src 'self' blob:${store}`,
      "style-src 'self' 'unsafe-inline'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'self'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  }
}
