// Run once before everything else: gives each secret of the stack a file in the volume `secrets`.
// A value from .env is taken; else one is made at random at the first start and kept.
import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, writeFileSync } from 'node:fs'

// Read by root (the database, the store) and by the program's user; nginx may read the token only.
const SECRETS = [
  { name: 'postgres-password', variable: 'POSTGRES_PASSWORD', mode: 0o440 },
  { name: 'minio-secret-key', variable: 'MINIO_SECRET_KEY', mode: 0o440 },
  { name: 'token', variable: 'FORGEINDEX_TOKEN', mode: 0o444 },
]

for (const { name, variable, mode } of SECRETS) {
  const file = `/secrets/${name}`
  const given = process.env[variable]
  if (!given && existsSync(file)) continue
  if (given && !/^[\w.~+/=-]{8,}$/.test(given)) {
    process.stderr.write(
      `${variable}: expected at least 8 letters, digits or . _ ~ + / = -, got something else.\n`,
    )
    process.exit(2)
  }
  // Whole or not at all: a file cut short would lock everybody out.
  const draft = `${file}.draft`
  writeFileSync(draft, given || randomBytes(24).toString('base64url'), { mode })
  renameSync(draft, file)
}
