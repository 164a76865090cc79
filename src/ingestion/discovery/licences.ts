/** Country ports of Creative Commons licences that have an SPDX id of their own (SPDX list 3.27). */
const SPDX_PORTS = new Set([
  'CC-BY-2.5-AU',
  'CC-BY-3.0-AT',
  'CC-BY-3.0-AU',
  'CC-BY-3.0-DE',
  'CC-BY-3.0-IGO',
  'CC-BY-3.0-NL',
  'CC-BY-3.0-US',
  'CC-BY-SA-2.0-UK',
  'CC-BY-SA-2.1-JP',
  'CC-BY-SA-3.0-AT',
  'CC-BY-SA-3.0-DE',
  'CC-BY-SA-3.0-IGO',
])

const OTHERS: Record<string, string> = {
  'public domain': 'LicenseRef-public-domain',
  'public domain mark 1.0': 'LicenseRef-public-domain',
  pd: 'LicenseRef-public-domain',
  pdm: 'LicenseRef-public-domain',
  cc0: 'CC0-1.0',
  'cc0 1.0': 'CC0-1.0',
  mit: 'MIT',
  'apache license 2.0': 'Apache-2.0',
  'apache 2.0': 'Apache-2.0',
  'free art license 1.3': 'LAL-1.3',
  fal: 'LAL-1.3',
}

/**
 * The SPDX id of a licence as a source names it (`CC BY-SA 4.0` → `CC-BY-SA-4.0`), else the
 * source's own words, trimmed. Nothing is guessed: a name without a version stays as it is.
 */
export function licenceId(words: string): string {
  const name = words.replace(/\s+/g, ' ').trim()
  const other = OTHERS[name.toLowerCase()]
  if (other) return other
  const creative = /^CC[ -](BY(?:-NC)?(?:-SA|-ND)?)[ -](\d\.\d)(?:[ -]([a-z]{2,3}))?$/i.exec(name)
  if (!creative) return name
  const [, terms, version, port] = creative
  const id = `CC-${terms!.toUpperCase()}-${version}`
  if (port === undefined) return id
  const ported = `${id}-${port.toUpperCase()}`
  return SPDX_PORTS.has(ported) ? ported : name
}

/**
 * The SPDX id of the licence at an address of creativecommons.org, in any spelling of it
 * (`http://creativecommons.org/licenses/by-sa/3.0/us/`), else the address itself.
 */
export function licenceIdOfUrl(address: string): string {
  const match =
    /^https?:\/\/(?:www\.)?creativecommons\.org\/(licenses|publicdomain)\/([a-z-]+)(?:\/(\d\.\d))?(?:\/([a-z]{2,3}))?(?:\/|\/deed.*|\/legalcode.*)?$/i.exec(
      address.trim(),
    )
  if (!match) return address
  const [, kind, terms, version, port] = match
  if (/^(?:mark|publicdomain)$/i.test(terms!)) return 'LicenseRef-public-domain'
  if (/^zero$/i.test(terms!)) return version ? `CC0-${version}` : 'CC0-1.0'
  if (kind!.toLowerCase() !== 'licenses' || version === undefined) return address
  const id = licenceId(`CC ${terms} ${version}${port ? ` ${port}` : ''}`)
  return id.startsWith('CC-') ? id : address
}
