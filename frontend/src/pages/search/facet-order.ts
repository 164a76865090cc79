import type { FacetValue } from '../../api/search.ts'

/**
 * The values of a facet as a list shows them: the selected ones first, also those that no video has
 * any more, then by count as they come, of which `text` finds some.
 */
export function facetRows(
  values: FacetValue[],
  selected: string[],
  text: string,
): (FacetValue & { selected: boolean })[] {
  const countOf = new Map(values.map(({ value, count }) => [value, count]))
  const wanted = text.trim().toLowerCase()
  const matches = (value: string) => value.replaceAll('_', ' ').toLowerCase().includes(wanted)
  return [
    ...selected.map((value) => ({ value, count: countOf.get(value) ?? 0, selected: true })),
    ...values
      .filter(({ value }) => !selected.includes(value) && (wanted === '' || matches(value)))
      .map((each) => ({ ...each, selected: false })),
  ]
}
