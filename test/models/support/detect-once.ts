/** Child of the host test: detects once, then ends by itself or stays until it is killed. */
import { createLogger } from '../../../src/log.ts'
import { ModelHost } from '../../../src/models/host.ts'
import { testSettings } from './settings.ts'

const [dataDir = '', model = '', image = '', mode = 'end'] = process.argv.slice(2)
const host = new ModelHost(testSettings(dataDir, { YOLO_MODEL: model }), createLogger('silent'))
await host.detect([image])
process.stdout.write(`${host.processIds[0]}\n`)
if (mode === 'stay') setInterval(() => {}, 1000)
