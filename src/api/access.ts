import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../services.ts'
import { AccessError } from './problems.ts'

export interface AccessOptions {
  /** Token that marks a caller as this machine's own user: the command line's. */
  localToken: string | null
  /** False when the server listens beyond loopback: then a token is needed and any Host may come. */
  loopbackOnly: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    /** True when the caller proved to be this machine's own user. */
    isLocalUser?: boolean
    /** True when the caller needs to prove nothing more. */
    isSignedIn?: boolean
  }
}

/** Names under which a loopback server may be asked; another Host is a page that rebound its DNS. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)(:\d+)?$/i
/** Routes that need no token: health checks, signing in, and the pages, which hold no data. */
const OPEN_ROUTES = new Set(['/health', '/api/session', '/'])
/** What the program answers itself: never a page, and never open for want of a route. */
const OWN_PATHS = /^\/(api|docs|health|stats|openapi\.json)(\/|$)/

const COOKIE = 'forgeindex_session'
const SESSION_SECONDS = 30 * 24 * 3600

/**
 * Decides who may ask, by Host, Origin and token; notes on the request who it is.
 * @throws AccessError
 */
export function checkAccess(
  request: FastifyRequest,
  { settings }: Services,
  { localToken, loopbackOnly }: AccessOptions,
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
  request.isSignedIn =
    request.isLocalUser ||
    settings.token === null ||
    equal(given, settings.token) ||
    hasSession(request, settings.token)
  if (request.isSignedIn || isOpen(request)) return
  throw new AccessError(
    401,
    given ? 'wrong-token' : 'token-required',
    'Send the value of FORGEINDEX_TOKEN as `Authorization: Bearer …`, or sign in on the page.',
  )
}

/** True for a path that belongs to the program's own answers, with or without a route behind it. */
export function isOwnPath(request: FastifyRequest): boolean {
  // Decoded as the router does: `/%61pi` is `/api`.
  const raw = request.url.split('?')[0] ?? ''
  try {
    return OWN_PATHS.test(decodeURIComponent(raw).replace(/^\/+/, '/'))
  } catch {
    return true
  }
}

/** True when `token` is FORGEINDEX_TOKEN; takes the same time however much of it is right. */
export function isToken(token: string, { settings }: Services): boolean {
  return settings.token !== null && equal(token, settings.token)
}

/** Lets this browser ask without the token for 30 days; a new FORGEINDEX_TOKEN ends it. */
export function startSession(request: FastifyRequest, reply: FastifyReply, token: string): void {
  const until = Math.floor(Date.now() / 1000) + SESSION_SECONDS
  void reply.setCookie(COOKIE, `${until}.${signature(token, until)}`, {
    ...attributes(request),
    maxAge: SESSION_SECONDS,
  })
}

export function endSession(request: FastifyRequest, reply: FastifyReply): void {
  void reply.clearCookie(COOKIE, attributes(request))
}

function attributes(request: FastifyRequest) {
  // A proxy that ends TLS says so; who lies here only keeps the cookie from himself.
  const secure = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https'
  return { httpOnly: true, sameSite: 'strict', path: '/', secure } as const
}

/** The server keeps nothing of a session: its end and the proof for it are in the cookie. */
function hasSession(request: FastifyRequest, token: string): boolean {
  const [until, proof] = request.cookies[COOKIE]?.split('.') ?? []
  if (!until || !proof || !/^\d{1,12}$/.test(until)) return false
  return equal(proof, signature(token, Number(until))) && Number(until) > Date.now() / 1000
}

function signature(token: string, until: number): string {
  return createHmac('sha256', token).update(`forgeindex session ${until}`).digest('base64url')
}

function isOpen(request: FastifyRequest): boolean {
  const route = request.routeOptions.url
  if (route === undefined || route === '/*') return !isOwnPath(request)
  return OPEN_ROUTES.has(route)
}

function sameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
