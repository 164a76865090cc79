import { defineConfig } from 'vitest/config'

const slow = process.env.FORGEINDEX_TEST_SLOW === '1'

export default defineConfig({
  test: {
    include: slow ? ['test/**/*.slow.ts'] : ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: slow ? 3_600_000 : 120_000,
    hookTimeout: 120_000,
    // Two cores: real ffmpeg and models run inside the tests, more workers only make them wait.
    maxWorkers: 2,
  },
})
