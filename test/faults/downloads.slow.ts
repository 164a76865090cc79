import { test } from 'vitest'
import { s3TestSettings, testDatabaseUrl } from '../support/servers.ts'
import { databaseDown, networkDown, storageDown } from './outages.ts'

const OUTAGE_MS = 60_000

test('a network that is away for a minute costs no video', () => networkDown(OUTAGE_MS))

test.skipIf(!testDatabaseUrl())('a database that is away for a minute costs no video', () =>
  databaseDown(OUTAGE_MS),
)

test.skipIf(!s3TestSettings())('a store that is away for a minute costs no video', () =>
  storageDown(OUTAGE_MS),
)
