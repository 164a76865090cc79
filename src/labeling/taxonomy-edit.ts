import { Document, isMap, isPair, isScalar, parseDocument, visit } from 'yaml'
import type { Calibration } from './calibration.ts'
import { parseTaxonomy } from './taxonomy.ts'
import { calibrationFile } from './taxonomy-yaml.ts'

/**
 * The text of a taxonomy file with a model's calibration in it, in place of an earlier one of that
 * model; everything else stays as it was written, comments too.
 *
 * @param origin names the file in messages
 * @throws InvalidInputError `invalid-taxonomy` for a text that is none
 */
export function withCalibration(text: string, calibration: Calibration, origin: string): string {
  const before = parseTaxonomy(text, origin)
  const block = calibrationBlock([
    ...before.calibrations.filter(({ model }) => model !== calibration.model),
    calibration,
  ])
  const [start, end] = rangeOf(text, 'calibration')
  const head = text.slice(0, start).trimEnd()
  const tail = text.slice(end).trimStart()
  const edited = `${head}\n\n${block}${tail ? `\n${tail}` : ''}`
  parseTaxonomy(edited, origin)
  return edited
}

/** From where to where a key of the top level stands with its value; the end twice when it is not there. */
function rangeOf(text: string, key: string): [number, number] {
  const { contents } = parseDocument(text)
  const pair = isMap(contents)
    ? contents.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key)
    : undefined
  const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined
  const value = pair?.value as { range?: [number, number, number] } | null | undefined
  if (start === undefined || !value?.range) return [text.length, text.length]
  return [start, value.range[2]]
}

function calibrationBlock(calibrations: Calibration[]): string {
  const document = new Document({ calibration: calibrations.map(calibrationFile) })
  // Lists of numbers on lines of their own would be longer than the taxonomy.
  visit(document, {
    Seq(_, node) {
      if (node.items.every((item) => isScalar(item) && typeof item.value === 'number')) {
        node.flow = true
      }
    },
  })
  return document.toString({ lineWidth: 160, flowCollectionPadding: false })
}
