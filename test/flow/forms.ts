import { testDatabaseUrl } from '../support/servers.ts'

/** The forms of the database, each with why it cannot be tried here; null when it can. */
export const FORMS: { form: 'embedded' | 'server'; missing: string | null }[] = [
  { form: 'embedded', missing: null },
  {
    form: 'server',
    missing: testDatabaseUrl() ? null : 'FORGEINDEX_TEST_DATABASE_URL is not set',
  },
]
