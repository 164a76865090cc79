import type { Taxonomy } from './taxonomy.ts'

/**
 * The taxonomy's word for a detector's label. A label that the taxonomy does not map keeps the
 * detector's own name, unchanged (`traffic light` stays `traffic light`). `sourceLabel` is always
 * what the detector said.
 */
export function mapLabel(
  taxonomy: Pick<Taxonomy, 'objects'>,
  sourceLabel: string,
): { label: string; sourceLabel: string } {
  const mapped = Object.hasOwn(taxonomy.objects, sourceLabel)
    ? taxonomy.objects[sourceLabel]
    : undefined
  return { label: mapped ?? sourceLabel, sourceLabel }
}
