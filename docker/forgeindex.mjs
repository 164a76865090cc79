#!/usr/bin/env node
// The image's `forgeindex`: the program with the secrets of the stack, so that a service, `docker
// compose run` and `docker compose exec` all see the same library. A variable that is set wins.
import { existsSync, readFileSync } from 'node:fs'

const LOOPBACK = ['127.0.0.1', 'localhost', '::1', '[::1]']
const { env } = process

const password = secret('postgres-password')
if (password) {
  env.DATABASE_URL ||= `postgresql://forgeindex:${encodeURIComponent(password)}@postgres:5432/forgeindex`
}
env.MINIO_SECRET_KEY ||= secret('minio-secret-key')
env.FORGEINDEX_TOKEN ||= secret('token')
// nginx adds the token for whoever comes to this machine's own address. A foreign page that points
// its name there must not be let in: it is known by the name it asks for.
if (LOOPBACK.includes(env.FORGEINDEX_BIND)) env.FORGEINDEX_ALLOWED_HOSTS ||= 'localhost'

// Commands that the pages and the program name are for the machine that the stack runs on.
if (existsSync('/secrets')) env.FORGEINDEX_COMMAND ||= 'docker compose run --rm worker'

await import('/app/dist/cli.js')

/** Empty outside the stack: the image then takes everything from its variables. */
function secret(name) {
  const file = `/secrets/${name}`
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
}
