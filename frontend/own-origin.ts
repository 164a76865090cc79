import type { ClientRequest, IncomingMessage } from 'node:http'

/**
 * Takes the origin of the development server's own pages off a request to the API, which knows itself
 * by another host. Any other origin stays (`null` and no address too), so that the API refuses it.
 *
 * @param asked the browser's request, as it came
 * @param passedOn the same one to the API
 */
export function dropOwnOrigin(
  passedOn: Pick<ClientRequest, 'removeHeader'>,
  asked: Pick<IncomingMessage, 'headers'>,
): void {
  const { origin, host } = asked.headers
  if (origin && URL.canParse(origin) && new URL(origin).host === host) {
    passedOn.removeHeader('origin')
  }
}
