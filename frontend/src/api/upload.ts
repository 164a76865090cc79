import type { AcceptedTask } from '../../../src/api/schemas/tasks.ts'
import { ApiError } from './client.ts'

/**
 * Sends videos in one upload. `fetch` tells nothing of what is sent, so this is an XMLHttpRequest.
 *
 * @param onProgress share 0–1 of the bytes sent
 * @throws ApiError with the API's code; `server-unreachable` when nobody answers
 * @throws DOMException AbortError when `signal` is aborted
 */
export function uploadVideos(
  files: readonly File[],
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<AcceptedTask> {
  return new Promise((resolve, reject) => {
    const form = new FormData()
    for (const file of files) form.append('file', file, file.name)
    const sending = new XMLHttpRequest()
    sending.open('POST', '/api/upload')
    sending.responseType = 'json'
    sending.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total)
    }
    sending.onload = () => {
      const body = sending.response as { code?: string; detail?: string } | null
      if (sending.status === 202) resolve(body as unknown as AcceptedTask)
      else {
        const code = body?.code ?? `http-${sending.status}`
        reject(
          new ApiError(
            sending.status,
            code,
            body?.detail ??
              (sending.status === 413
                ? 'The upload is larger than this server takes.'
                : `The server answered ${sending.status}.`),
          ),
        )
      }
    }
    sending.onerror = () =>
      reject(new ApiError(0, 'server-unreachable', 'The server does not answer.'))
    sending.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'))
    signal.addEventListener('abort', () => sending.abort(), { once: true })
    sending.send(form)
  })
}
