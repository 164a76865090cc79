/** `npm run build`: compiles the program into dist/ when a source is newer than it. */
import { ensureBuild } from './setup/compiled.mjs'
import { ensureNodeModules } from './setup/node-modules.mjs'
import { main } from './setup/programs.mjs'

await main(async () => {
  await ensureNodeModules()
  await ensureBuild()
})
