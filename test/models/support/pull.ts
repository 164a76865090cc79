/** Child of the install test: pulls one model as `forgeindex models pull` would. */
import { installModel } from '../../../src/models/install.ts'
import { testSettings } from './settings.ts'

const [dataDir = '', manifest = '', hub = ''] = process.argv.slice(2)
const settings = testSettings(dataDir, { YOLO_MODEL: manifest, HF_ENDPOINT: hub })
await installModel(settings, 'detector', {
  onProgress: ({ received }) => process.stdout.write(`${received}\n`),
})
