/** Writes docs/annotation.schema.json anew: `npx tsx scripts/annotation-schema.ts`. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { annotationJsonSchema } from '../src/labeling/annotation-schema.ts'

const file = fileURLToPath(new URL('../docs/annotation.schema.json', import.meta.url))
await writeFile(file, `${JSON.stringify(annotationJsonSchema(), null, 2)}\n`)
