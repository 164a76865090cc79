import { readSettings, type Settings } from '../../../src/config/settings.ts'

/** Settings as a user's environment would give them, in a folder of the test's own. */
export function testSettings(
  dataDir: string,
  variables: Record<string, string> = {},
  more: Partial<Settings> = {},
): Settings {
  return { ...readSettings({ FORGEINDEX_DATA_DIR: dataDir, ...variables }), ...more }
}
