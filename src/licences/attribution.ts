import { licenceOf } from './names.ts'

/** What an attribution names. */
export interface Attributed {
  title: string
  sourceUrl: string
  uploader: string | null
  licence: string | null
  licenceUrl: string | null
}

/**
 * One line after Creative Commons' TASL (title, author, source, licence):
 * `"Lathe" by Ann, https://…, CC-BY-4.0 (https://…)` [wiki.creativecommons.org/wiki/Recommended_practices_for_attribution].
 */
export function attribution({ title, sourceUrl, uploader, licence, licenceUrl }: Attributed) {
  const text = licenceUrl ?? licenceOf(licence)?.url
  const under = licence ? `${licence}${text ? ` (${text})` : ''}` : 'no licence stated'
  return `"${title}" by ${uploader ?? 'an unnamed author'}, ${sourceUrl}, ${under}`
}
