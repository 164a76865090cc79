/**
 * `npm run -s forgeindex -- …`: the program from the sources as they are, compiled first when they
 * changed. The program takes over this process, so its streams, signals and exit code are its own.
 */
import { pathToFileURL } from 'node:url'
import { ensureBuild, program } from './setup/compiled.mjs'
import { ensureNodeModules } from './setup/node-modules.mjs'
import { main } from './setup/programs.mjs'

await main(async () => {
  await ensureNodeModules()
  await ensureBuild()
})
if (process.exitCode === 0) {
  process.argv[1] = program
  await import(pathToFileURL(program).href)
}
