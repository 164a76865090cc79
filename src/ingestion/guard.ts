import dns from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector, type Response, fetch as undiciFetch } from 'undici'
import type { Settings } from '../config/settings.ts'
import { ForgeindexError, InvalidInputError, PermanentError, TransientError } from '../errors.ts'
import { withoutCredentials } from '../log.ts'

const MAX_REDIRECTS = 5
const CONNECT_TIMEOUT_MS = 10_000
const STALL_TIMEOUT_MS = 30_000
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308])
/**
 * Services above 1023 that answer to text sent to them, or that nobody means to publish: the rest of
 * the ports that browsers refuse (fetch.spec.whatwg.org, "bad port"), databases, caches, container
 * engines.
 */
const SERVICE_PORTS = new Set([
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668],
  ...[6669, 6679, 6697, 10080],
  ...[1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5672, 5900, 6379, 6443, 9042],
  ...[9092, 9200, 9300, 10250, 11211, 27017],
])
/** Addresses of a provider's own services to its machines, though they lie in public ranges. */
const PROVIDER_ADDRESSES = new Map([
  // Azure's "wire server". [learn.microsoft.com: what-is-ip-address-168-63-129-16]
  ['168.63.129.16', 'metadata'],
])

export interface ResolvedAddress {
  address: string
  family: number
}

export interface GuardOptions {
  /** Operator's endpoints as `host:port`, matched exactly; the only way to a private address. */
  allow?: string[]
  /** No header or no byte of body for this long ends a request; 30 s unless told otherwise. */
  stallMs?: number
  /** All addresses of a name; the system's resolver unless told otherwise. */
  resolve?: (hostname: string) => Promise<ResolvedAddress[]>
}

export interface GuardedRequest {
  signal: AbortSignal
  /** `authorization` is not sent on to another origin by a redirect. */
  headers?: Record<string, string>
  /** A redirected POST is the caller's to judge: it is not sent twice. */
  method?: 'GET' | 'HEAD' | 'POST'
  body?: string
}

/** The one gate that addresses from users, sources and redirects pass. */
export interface Guard {
  /**
   * Resolves the name and refuses what does not lead to public addresses only. A check, not a
   * promise: names can change, so connections go through `fetch` or `lookupFor`.
   *
   * @throws InvalidInputError `url-refused`
   * @throws TransientError `network` when the name cannot be resolved
   */
  check(url: string): Promise<void>
  /**
   * The part of the check that needs no resolver: scheme, user-info, port, literal addresses.
   *
   * @throws InvalidInputError `url-refused`
   */
  checkForm(url: string): URL
  /**
   * For `net.connect`: resolves, refuses non-public answers, and gives exactly the addresses that
   * were judged. Undefined for an operator's endpoint.
   */
  lookupFor(url: URL): LookupFunction | undefined
  /**
   * A request in which each hop is checked and each connection goes to a judged address.
   * `response.url` is the last hop's address; status codes are the caller's to judge.
   *
   * @throws InvalidInputError `url-refused`
   * @throws PermanentError `too-many-redirects` after 5
   * @throws TransientError `network`
   */
  fetch(url: string, request: GuardedRequest): Promise<Response>
}

const guards = new WeakMap<Settings, Guard>()

/** The guard of these settings: the same one, with its connections, for each call. */
export function guardOf(settings: Settings): Guard {
  const known = guards.get(settings)
  if (known) return known
  const guard = createGuard({
    stallMs: settings.stallSeconds * 1000,
    allow: [
      settings.commonsUrl,
      settings.archiveUrl,
      settings.nasaUrl,
      settings.apify.url,
      settings.hubUrl,
    ].map((url) => hostAndPort(new URL(url))),
  })
  guards.set(settings, guard)
  return guard
}

/** A guard of its own; `guardOf` is what the program uses. */
export function createGuard(options: GuardOptions = {}): Guard {
  const allow = new Set(options.allow ?? [])
  const resolve =
    options.resolve ?? ((hostname) => dns.lookup(hostname, { all: true, verbatim: true }))

  function checkForm(text: string): URL {
    if (!URL.canParse(text)) throw refused(text, 'it is not a URL')
    const url = new URL(text)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw refused(text, `the scheme ${url.protocol} is neither http: nor https:`)
    }
    const doubt = ambiguityOf(text.trim())
    if (doubt) throw refused(text, doubt)
    if (url.username || url.password) throw refused(text, 'it carries a user name or password')
    if (allow.has(hostAndPort(url))) return url
    const port = portOf(url)
    if ((port !== 80 && port !== 443 && port < 1024) || SERVICE_PORTS.has(port)) {
      throw refused(text, `port ${port} belongs to another service than the web`)
    }
    const literal = bareHost(url)
    const fault = isIP(literal) ? faultOfAddress(literal) : null
    if (fault) throw refused(text, fault)
    return url
  }

  async function publicAddresses(hostname: string): Promise<ResolvedAddress[]> {
    let addresses: ResolvedAddress[]
    try {
      addresses = await resolve(hostname)
    } catch (cause) {
      throw new TransientError(
        'network',
        `The name ${hostname} could not be resolved: check it for typing errors and this machine for a network connection.`,
        { cause },
      )
    }
    if (addresses.length === 0) throw refused(hostname, 'the name has no address')
    for (const { address } of addresses) {
      const fault = faultOfAddress(address)
      if (fault) throw refused(hostname, fault)
    }
    return addresses
  }

  const lookup: LookupFunction = (hostname, wanted, callback) => {
    publicAddresses(hostname).then(
      (addresses) => {
        const first = addresses[0]!
        if (wanted.all) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      (error) => callback(error, ''),
    )
  }

  const dispatcher = new Agent({
    connect: guardedConnector(allow, lookup),
    headersTimeout: options.stallMs ?? STALL_TIMEOUT_MS,
    bodyTimeout: options.stallMs ?? STALL_TIMEOUT_MS,
  })

  return {
    checkForm,
    lookupFor: (url) => (allow.has(hostAndPort(url)) ? undefined : lookup),
    async check(text) {
      const url = checkForm(text)
      const host = bareHost(url)
      if (!isIP(host) && !allow.has(hostAndPort(url))) await publicAddresses(host)
    },
    async fetch(text, { signal, headers: given = {}, method = 'GET', body }) {
      let url = checkForm(text)
      const { origin } = url
      const { authorization: _, ...open } = given
      for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
        const headers = url.origin === origin ? given : open
        const sent = {
          dispatcher,
          signal,
          headers,
          method,
          ...(body === undefined ? {} : { body }),
        }
        const response = await requestOnce(url, sent)
        const location = response.headers.get('location')
        if (!REDIRECT_STATUSES.has(response.status) || location === null) return response
        if (method === 'POST') return response
        await response.body?.cancel()
        url = checkForm(URL.canParse(location, url.href) ? new URL(location, url).href : location)
      }
      throw new PermanentError(
        'too-many-redirects',
        `${withoutCredentials(text)} redirects more than ${MAX_REDIRECTS} times.`,
      )
    },
  }
}

/** `host:port` of a URL, the port always written out: how operator endpoints are compared. */
export function hostAndPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`
}

/**
 * Why two programs may read this text as two different addresses, or null. The URL standard mends
 * these silently and yt-dlp, which gets the text, mends them otherwise.
 */
function ambiguityOf(text: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'it has a tab, a line break or the like in it'
  if (/\\/.test(text.split(/[?#]/)[0] ?? '')) return 'it has a backslash in it'
  return /^https?:\/\/[^/]/i.test(text) ? null : 'it does not begin with http:// or https://'
}

/** What is wrong with connecting to this IP address, or null when it is a public one. */
function faultOfAddress(address: string): string | null {
  if (!ipaddr.isValid(address)) return 'its name resolves to something that is no address'
  const parsed = ipaddr.process(address)
  const range = PROVIDER_ADDRESSES.get(parsed.toString()) ?? parsed.range()
  // IPv6: 2000::/3 is all of global unicast (RFC 4291, IANA registry). ipaddr.js calls everything
  // it has no name for "unicast", ::127.0.0.1 (the deprecated IPv4-compatible form) included.
  const outside = parsed instanceof ipaddr.IPv6 && (parsed.parts[0]! & 0xe000) !== 0x2000
  if (parsed instanceof ipaddr.IPv6 && isIsatap(parsed)) {
    return `it leads to ${address}, which tunnels to an IPv4 address (isatap)`
  }
  if (range === 'unicast' && !outside) return null
  return `it leads to ${address}, which is not a public address (${outside && range === 'unicast' ? 'unassigned' : range})`
}

/** ISATAP: any prefix, then 0000:5efe or 0200:5efe and an IPv4 address (RFC 5214, 6.1). */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return (parts[4] === 0 || parts[4] === 0x200) && parts[5] === 0x5efe
}

function guardedConnector(
  allow: ReadonlySet<string>,
  lookup: LookupFunction,
): buildConnector.connector {
  const toOperator = buildConnector({ timeout: CONNECT_TIMEOUT_MS })
  const toPublic = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup,
  } as buildConnector.BuildOptions)
  return (options, callback) => {
    const literal = isIP(options.hostname) === 6 ? `[${options.hostname}]` : options.hostname
    const port = options.port || (options.protocol === 'https:' ? '443' : '80')
    if (allow.has(`${literal}:${port}`)) return toOperator(options, callback)
    // net.connect asks no resolver about a literal address, so it is judged here once more.
    const fault = isIP(options.hostname) ? faultOfAddress(options.hostname) : null
    if (fault) return callback(refused(options.hostname, fault), null)
    toPublic(options, callback)
  }
}

async function requestOnce(
  url: URL,
  init: GuardedRequest & { dispatcher: Agent },
): Promise<Response> {
  try {
    return await undiciFetch(url, { ...init, redirect: 'manual' })
  } catch (thrown) {
    init.signal.throwIfAborted()
    for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
      if (cause instanceof ForgeindexError) throw cause
    }
    throw new TransientError('network', `${url.host} did not answer: ${reasonOf(thrown)}.`, {
      cause: thrown,
    })
  }
}

/** The innermost message of a failed request; `fetch failed` alone says nothing. */
function reasonOf(thrown: unknown): string {
  let reason = String(thrown)
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
    if (cause.message) reason = cause.message
  }
  return reason
}

function refused(what: string, why: string): InvalidInputError {
  const shown = withoutCredentials(what).slice(0, 300)
  return new InvalidInputError(
    'url-refused',
    `The address ${shown} is refused: ${why}. Only public http and https addresses are fetched.`,
    { faults: [{ path: 'url', expected: 'a public http(s) address', got: shown }] },
  )
}

function portOf(url: URL): number {
  return Number(url.port || (url.protocol === 'https:' ? 443 : 80))
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}
