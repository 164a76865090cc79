/** Variables that announce the real servers; `npm test` sets them from scripts/*.sh. */
const SERVERS = [
  ['FORGEINDEX_TEST_DATABASE_URL', 'scripts/postgres.sh up'],
  ['FORGEINDEX_TEST_S3_ENDPOINT', 'scripts/s3.sh up'],
] as const

/** Runs once before all tests: says which real servers are missing, so that no skip is silent. */
export default function setup() {
  for (const [variable, command] of SERVERS) {
    if (!process.env[variable]) {
      console.warn(`${variable} is not set: the tests on it are skipped. It comes from: ${command}`)
    }
  }
}
