import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Services } from '../../services.ts'
import { endSession, isToken, startSession } from '../access.ts'
import { AccessError } from '../problems.ts'
import { problems } from '../schemas/common.ts'
import { session, sessionBody } from '../schemas/session.ts'

/** What a wrong token costs who guesses. */
const WRONG_TOKEN_MS = 300

/** Signing in for browsers, which cannot send a header with each picture. */
export const sessionRoutes: FastifyPluginAsyncZod<{ services: Services }> = async (
  app,
  { services },
) => {
  const { token: required } = services.settings

  app.get(
    '/api/session',
    {
      schema: {
        tags: ['session'],
        description: 'Whether this server asks for a token, and whether this caller has given it.',
        response: { 200: session, ...problems },
      },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store')
      return { token_required: required !== null, signed_in: request.isSignedIn ?? false }
    },
  )

  app.post(
    '/api/session',
    {
      schema: {
        tags: ['session'],
        description: 'Takes FORGEINDEX_TOKEN and gives a cookie that stands for it for 30 days.',
        body: sessionBody,
        response: { 204: z.null(), ...problems },
      },
    },
    async (request, reply) => {
      const { token } = request.body
      if (required !== null && !isToken(token, services)) {
        await sleep(WRONG_TOKEN_MS)
        throw new AccessError(401, 'wrong-token', 'This is not the value of FORGEINDEX_TOKEN.')
      }
      if (required !== null) startSession(request, reply, required)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/api/session',
    {
      schema: {
        tags: ['session'],
        description: 'Signs this browser out.',
        response: { 204: z.null(), ...problems },
      },
    },
    async (request, reply) => {
      endSession(request, reply)
      return reply.code(204).send(null)
    },
  )
}
