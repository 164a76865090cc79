import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Health } from '../../src/api/schemas/status.ts'
import { type OwnLibrary, openOwnLibrary } from '../support/own-library.ts'

const COMMAND = 'docker compose run --rm worker'
let library: OwnLibrary

beforeAll(async () => {
  library = await openOwnLibrary({
    FORGEINDEX_COMMAND: COMMAND,
    FORGEINDEX_MODELS_DIR: '',
    YOLO_MODEL: 'yolox-nano',
  })
})
afterAll(() => library[Symbol.asyncDispose]())

it('names the commands as they are typed where it runs', async () => {
  const { body: health } = await library.ask<Health>('GET', '/health')
  expect(health.command_prefix).toBe(COMMAND)
  expect(health.checks.models.detector?.command).toBe(`${COMMAND} models pull yolox-nano`)
})
