/** What a licence lets one do. Not legal advice: the text of the licence decides. */
export interface Licence {
  /** SPDX id, or `LicenseRef-…` where SPDX has none [spdx.github.io/spdx-spec, annex Licence expressions]. */
  id: string
  name: string
  /** Its text; null when it has no one address. */
  url: string | null
  /** Anyone may use it for anything, at most with attribution and under the same licence. */
  isOpen: boolean
  needsAttribution: boolean
  isShareAlike: boolean
  isNonCommercial: boolean
  isNoDerivatives: boolean
}

/** Unported versions of each Creative Commons licence, all with an SPDX id. */
const CC_VERSIONS = ['1.0', '2.0', '2.5', '3.0', '4.0']
export const CC_TERMS: Record<string, string> = {
  BY: 'Attribution',
  'BY-SA': 'Attribution-ShareAlike',
  'BY-ND': 'Attribution-NoDerivatives',
  'BY-NC': 'Attribution-NonCommercial',
  'BY-NC-SA': 'Attribution-NonCommercial-ShareAlike',
  'BY-NC-ND': 'Attribution-NonCommercial-NoDerivatives',
}

/** Country versions ("ports") that have an SPDX id of their own (SPDX list 3.27). */
const SPDX_PORTS = new Set([
  'CC-BY-2.5-AU',
  'CC-BY-3.0-AT',
  'CC-BY-3.0-AU',
  'CC-BY-3.0-DE',
  'CC-BY-3.0-IGO',
  'CC-BY-3.0-NL',
  'CC-BY-3.0-US',
  'CC-BY-NC-3.0-DE',
  'CC-BY-NC-ND-3.0-DE',
  'CC-BY-NC-ND-3.0-IGO',
  'CC-BY-NC-SA-2.0-DE',
  'CC-BY-NC-SA-2.0-FR',
  'CC-BY-NC-SA-2.0-UK',
  'CC-BY-NC-SA-3.0-DE',
  'CC-BY-NC-SA-3.0-IGO',
  'CC-BY-ND-3.0-DE',
  'CC-BY-SA-2.0-UK',
  'CC-BY-SA-2.1-JP',
  'CC-BY-SA-3.0-AT',
  'CC-BY-SA-3.0-DE',
  'CC-BY-SA-3.0-IGO',
])

/** Places that Creative Commons made ports for [creativecommons.org/licenses/list.en]. */
const PORTS = new Set(
  (
    'ar at au az be bg br ca ch cl cn co cr cz de dk ec ee eg es fi fr ge gr gt hk hr hu ie igo il in ' +
    'it jp kr lu mk mt mx my nl no nz pe ph pl pr pt ro rs scotland se sg si th tw ug uk us ve vn za'
  ).split(' '),
)
const PORTED_VERSIONS = ['1.0', '2.0', '2.1', '2.5', '3.0']

/** Those that are no Creative Commons licence with terms: name, text, what sources call them. */
export const OTHERS: (Pick<Licence, 'id' | 'name' | 'url' | 'isOpen' | 'needsAttribution'> & {
  isShareAlike?: boolean
  words: string[]
})[] = [
  {
    id: 'CC0-1.0',
    name: 'CC0 1.0 Universal',
    url: 'https://creativecommons.org/publicdomain/zero/1.0/',
    isOpen: true,
    needsAttribution: false,
    words: [
      'cc0',
      'cc 0',
      'cc0 1.0',
      'cc0 1.0 universal',
      'cc-0',
      'cc zero',
      'creative commons zero',
    ],
  },
  {
    // Not CC-PDM-1.0: the mark is a statement about the work, and sources mean more by it than that.
    id: 'LicenseRef-public-domain',
    name: 'Public domain',
    url: 'https://creativecommons.org/publicdomain/mark/1.0/',
    isOpen: true,
    needsAttribution: false,
    words: [
      'public domain',
      'public domain mark 1.0',
      'public domain mark',
      'pd',
      'pdm',
      'pdm 1.0',
      'cc pdm 1.0',
      'publicdomain',
    ],
  },
  {
    id: 'LicenseRef-CC-BY-YouTube',
    name: "YouTube's Creative Commons Attribution licence",
    url: 'https://support.google.com/youtube/answer/2797468',
    isOpen: true,
    needsAttribution: true,
    words: [
      'creative commons attribution license (reuse allowed)',
      'creative commons attribution licence (reuse allowed)',
      'creativecommon',
    ],
  },
  {
    id: 'LicenseRef-YouTube-Standard',
    name: 'Standard YouTube licence',
    url: 'https://www.youtube.com/static?template=terms',
    isOpen: false,
    needsAttribution: true,
    words: ['standard youtube license', 'standard youtube licence', 'youtube'],
  },
  {
    // Not open: endorsement is excluded, and so is what is marked as someone else's, which no field tells.
    id: 'LicenseRef-NASA-media-guidelines',
    name: "NASA's media guidelines",
    url: 'https://www.nasa.gov/nasa-brand-center/images-and-media/',
    isOpen: false,
    needsAttribution: true,
    words: ['nasa media guidelines', "nasa's media guidelines"],
  },
  {
    id: 'LicenseRef-Pexels',
    name: 'Pexels licence',
    url: 'https://www.pexels.com/license/',
    isOpen: false,
    needsAttribution: false,
    words: ['pexels license', 'pexels licence', 'pexels'],
  },
  {
    id: 'LicenseRef-Pixabay',
    name: 'Pixabay content licence',
    url: 'https://pixabay.com/service/license-summary/',
    isOpen: false,
    needsAttribution: false,
    words: ['pixabay license', 'pixabay licence', 'pixabay content license', 'pixabay'],
  },
  ...['1.1', '1.2', '1.3'].map((version) => ({
    id: `GFDL-${version}-only`,
    name: `GNU Free Documentation License ${version}`,
    url: 'https://www.gnu.org/licenses/fdl-1.3.html',
    isOpen: false,
    needsAttribution: true,
    isShareAlike: true,
    words: [`gfdl ${version}`],
  })),
  ...['1.1', '1.2', '1.3'].map((version) => ({
    id: `GFDL-${version}-or-later`,
    name: `GNU Free Documentation License ${version} or later`,
    url: 'https://www.gnu.org/licenses/fdl-1.3.html',
    isOpen: false,
    needsAttribution: true,
    isShareAlike: true,
    words: [`gfdl ${version}+`, `gfdl ${version} or later`],
  })),
  {
    id: 'LicenseRef-GFDL',
    name: 'GNU Free Documentation License, version not named',
    url: 'https://www.gnu.org/licenses/fdl-1.3.html',
    isOpen: false,
    needsAttribution: true,
    isShareAlike: true,
    words: ['gfdl', 'gnu fdl', 'gnu free documentation license'],
  },
  {
    id: 'LAL-1.3',
    name: 'Licence Art Libre 1.3',
    url: 'https://artlibre.org/',
    isOpen: true,
    needsAttribution: true,
    isShareAlike: true,
    words: ['free art license 1.3', 'free art license', 'fal', 'fal 1.3', 'licence art libre'],
  },
  {
    id: 'MIT',
    name: 'MIT License',
    url: 'https://opensource.org/license/mit',
    isOpen: true,
    needsAttribution: true,
    words: ['mit', 'mit license'],
  },
  {
    id: 'Apache-2.0',
    name: 'Apache License 2.0',
    url: 'https://www.apache.org/licenses/LICENSE-2.0',
    isOpen: true,
    needsAttribution: true,
    words: ['apache 2.0', 'apache license 2.0'],
  },
]

/** Every licence that is known by an id, by that id in lower case. */
export const LICENCES: ReadonlyMap<string, Licence> = new Map(
  [...creativeCommons(), ...others()].map((licence) => [licence.id.toLowerCase(), licence]),
)

function* creativeCommons(): Iterable<Licence> {
  for (const [terms, name] of Object.entries(CC_TERMS)) {
    const shared = {
      isOpen: !/N[CD]/.test(terms),
      needsAttribution: true,
      isShareAlike: terms.includes('SA'),
      isNonCommercial: terms.includes('NC'),
      isNoDerivatives: terms.includes('ND'),
    }
    for (const version of CC_VERSIONS) {
      yield {
        id: `CC-${terms}-${version}`,
        name: `Creative Commons ${name} ${version}`,
        url: ccUrl(terms, version),
        ...shared,
      }
    }
    for (const version of PORTED_VERSIONS) {
      for (const port of PORTS) {
        const id = `CC-${terms}-${version}-${port.toUpperCase()}`
        yield {
          id: SPDX_PORTS.has(id) ? id : `LicenseRef-${id}`,
          name: `Creative Commons ${name} ${version} ${port.toUpperCase()}`,
          url: ccUrl(terms, version, port),
          ...shared,
        }
      }
    }
  }
}

function* others(): Iterable<Licence> {
  for (const { words: _, isShareAlike = false, ...licence } of OTHERS) {
    yield { ...licence, isShareAlike, isNonCommercial: false, isNoDerivatives: false }
  }
}

function ccUrl(terms: string, version: string, port?: string): string {
  // Licences of version 1.0 with both terms are the ones in the other order.
  const path = version === '1.0' && !port ? terms.replace('NC-ND', 'ND-NC') : terms
  return `https://creativecommons.org/licenses/${path.toLowerCase()}/${version}/${port ? `${port}/` : ''}`
}
