/** One fault of a request's input, as the API names it. */
export interface InputFault {
  path: string
  expected: string
  got: string
}

/** A refused or failed request. `code` is the API's stable name; ours is `server-unreachable`. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly faults: InputFault[]

  constructor(status: number, code: string, message: string, faults: InputFault[] = []) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.faults = faults
  }

  /** True when asking again later may well work: nobody answered, or the server is not ready. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

/** Values of a query string; lists are joined by commas where they have none, empty ones left out. */
export type QueryValues = Record<
  string,
  string | number | boolean | readonly string[] | null | undefined
>

/** A path with its query string. */
export function withQuery(path: string, values: QueryValues = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === '') continue
    if (Array.isArray(value)) {
      // Named more than once each is a value as it is, with its commas.
      if (value.some((each) => each.includes(','))) {
        for (const each of [...value, '']) query.append(name, each)
      } else if (value.length > 0) query.set(name, value.join(','))
    } else query.set(name, String(value))
  }
  const text = query.toString()
  return text ? `${path}?${text}` : path
}

interface RequestOptions {
  method?: 'GET' | 'POST' | 'DELETE'
  query?: QueryValues
  /** Sent as JSON; a FormData goes as it is. */
  body?: unknown
  signal?: AbortSignal | undefined
}

/**
 * Asks the API and gives its JSON (null for 204).
 *
 * @throws ApiError with the API's code; `server-unreachable` (status 0) when nobody answers
 * @throws DOMException AbortError when `signal` is aborted
 */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const { method = 'GET', query, body, signal } = options
  const isForm = body instanceof FormData
  let response: Response
  try {
    response = await fetch(withQuery(path, query), {
      method,
      signal: signal ?? null,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && !isForm ? { 'content-type': 'application/json' } : {}),
      },
      body: body === undefined ? null : isForm ? body : JSON.stringify(body),
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'server-unreachable', 'The server does not answer.')
  }
  if (!response.ok) throw await refusal(response)
  if (response.status === 204) return null as T
  return (await response.json()) as T
}

async function refusal(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as {
    code?: string
    detail?: string
    title?: string
    errors?: InputFault[]
  } | null
  const isProxy = problem?.code === undefined && [502, 503, 504].includes(response.status)
  if (isProxy)
    return new ApiError(response.status, 'server-unreachable', 'The server does not answer.')
  return new ApiError(
    response.status,
    problem?.code ?? `http-${response.status}`,
    problem?.detail ?? problem?.title ?? `The server answered ${response.status}.`,
    problem?.errors ?? [],
  )
}
