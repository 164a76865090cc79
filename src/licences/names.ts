import { CC_TERMS, LICENCES, type Licence, OTHERS } from './table.ts'

const BY_WORDS = new Map(OTHERS.flatMap(({ id, words }) => words.map((word) => [word, id])))

/**
 * The id of a licence as a source names it (`CC BY-SA 4.0` → `CC-BY-SA-4.0`), else the source's own
 * words, trimmed. Nothing is guessed: a name without a version stays as it is.
 */
export function licenceId(words: string): string {
  const name = words.replace(/\s+/g, ' ').trim()
  const known = LICENCES.get(name.toLowerCase())?.id ?? BY_WORDS.get(name.toLowerCase())
  if (known) return known
  const short = /^CC[ -](BY(?:-[A-Z]{2}){0,2})[ -](\d\.\d)(?:[ -]([a-z]{2,8}))?$/i.exec(name)
  if (short) return creativeCommonsId(short[1]!, short[2]!, short[3]) ?? name
  const long =
    /^Creative Commons (Attribution[a-z -]*?) (\d\.\d)(?: (?:International|Unported|Generic))?(?: License)?(?: \(CC .*\))?$/i.exec(
      name,
    )
  const terms = long && termsNamed(long[1]!)
  return (terms && creativeCommonsId(terms, long[2]!)) || name
}

/**
 * The id of the licence at an address, in any spelling of it
 * (`http://creativecommons.org/licenses/by-sa/3.0/us/`), else the address itself.
 */
export function licenceIdOfUrl(address: string): string {
  const text = address.trim()
  const [, kind, terms, version, port] =
    /^https?:\/\/(?:www\.)?creativecommons\.org\/(licenses|publicdomain)\/([a-z-]+)(?:\/(\d\.\d))?(?:\/([a-z]{2,8}))?(?:\/|\/deed.*|\/legalcode.*)?$/i.exec(
      text,
    ) ?? []
  if (terms === undefined) {
    if (/^https?:\/\/(?:www\.)?gnu\.org\/(?:copyleft|licenses)\/fdl(?:[./-]|$)/i.test(text)) {
      return 'LicenseRef-GFDL'
    }
    const bare = withoutScheme(text)
    const known = OTHERS.find(({ url }) => url !== null && withoutScheme(url) === bare)
    return known?.id ?? address
  }
  if (/^(?:mark|publicdomain)$/i.test(terms)) return 'LicenseRef-public-domain'
  if (/^zero$/i.test(terms)) return version && version !== '1.0' ? address : 'CC0-1.0'
  if (kind!.toLowerCase() !== 'licenses' || version === undefined) return address
  return creativeCommonsId(terms, version, port) ?? address
}

/** What is known of a licence as it is stored; null for a source's own words and for none. */
export function licenceOf(stored: string | null): Licence | null {
  return stored === null ? null : (LICENCES.get(licenceId(stored).toLowerCase()) ?? null)
}

/** Null when there is no such licence. Version 1.0 had its terms in another order: `by-nd-nc`. */
function creativeCommonsId(terms: string, version: string, port?: string): string | null {
  const order = terms.toUpperCase().replace(/^BY-(ND|SA)-NC$/, 'BY-NC-$1')
  if (CC_TERMS[order] === undefined) return null
  const id = `CC-${order}-${version}${port ? `-${port.toUpperCase()}` : ''}`
  return (
    (LICENCES.get(id.toLowerCase()) ?? LICENCES.get(`licenseref-${id.toLowerCase()}`))?.id ?? null
  )
}

/** `Attribution-Share Alike` → `BY-SA`; null for terms that no licence has. */
function termsNamed(words: string): string | null {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z]/g, '')
      .replace('noderivs', 'noderivatives')
  return Object.entries(CC_TERMS).find(([, name]) => plain(name) === plain(words))?.[0] ?? null
}

function withoutScheme(url: string): string {
  return url.toLowerCase().replace(/^https?:\/\/(?:www\.)?|\/+$/g, '')
}
