import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const read = (file: string) => readFileSync(path.join(import.meta.dirname, '../..', file), 'utf8')

/** Fixed by the images, or without meaning in them. */
const NOT_IN_CONTAINERS = [
  'DATABASE_URL',
  'DATABASE_URL_SYNC',
  'MINIO_SECURE',
  'FORGEINDEX_COMMAND',
  'FORGEINDEX_DATA_DIR',
  'FORGEINDEX_MODELS_DIR',
  'FORGEINDEX_IMPORT_DIRS',
  'FORGEINDEX_FFMPEG',
  'FORGEINDEX_FFPROBE',
  'FORGEINDEX_YT_DLP',
]
/** Read by docker-compose.yml or its images, not by the program. */
const STACK_ONLY = ['FORGEINDEX_BIND', 'FORGEINDEX_PORT', 'POSTGRES_PASSWORD', 'MINIO_IMAGE']

const settings = [...read('src/config/settings.ts').matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(
  (match) => match[1] ?? '',
)
const stack = parse(read('docker-compose.yml'), { merge: true })

describe('the settings of the stack', () => {
  it('are those of the program', () => {
    expect(settings.length).toBeGreaterThan(25)
    const expected = settings.filter((name) => !NOT_IN_CONTAINERS.includes(name))
    expect(Object.keys(stack['x-program']).sort()).toEqual([...expected, 'FORGEINDEX_BIND'].sort())
  })

  it('are explained in .env.example, each of them and no other', () => {
    const explained = [...read('.env.example').matchAll(/^#([A-Z][A-Z0-9_]+)=/gm)].map((m) => m[1])
    expect(explained.sort()).toEqual([...settings, ...STACK_ONLY].sort())
  })

  it('have no secret with a value, and one published port, on this machine alone', () => {
    const text = read('docker-compose.yml')
    const given = [...text.matchAll(/\$\{(\w*(?:PASSWORD|SECRET|TOKEN)\w*)([^}]*)\}/g)]
    expect(given.length).toBeGreaterThan(4)
    for (const [whole, , fallback] of given) expect(fallback, whole).toBe(':-')
    const ports = Object.entries<{ ports?: string[] }>(stack.services).flatMap(
      ([name, { ports }]) => ports?.map((port) => `${name} ${port}`) ?? [],
    )
    expect(ports).toEqual([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: compose's own syntax
      'frontend ${FORGEINDEX_BIND:-127.0.0.1}:${FORGEINDEX_PORT:-8080}:8080',
    ])
  })
})
