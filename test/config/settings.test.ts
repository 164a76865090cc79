import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSettings, type Settings } from '../../src/config/settings.ts'
import { InvalidInputError } from '../../src/errors.ts'

/** The fault of settings that must be refused. */
function refusal(variables: Record<string, string>): InvalidInputError {
  try {
    readSettings(variables)
  } catch (error) {
    if (error instanceof InvalidInputError) return error
    throw error
  }
  throw new Error('These settings were accepted.')
}

describe('settings', () => {
  it('work without any variable: an embedded library under ./data', () => {
    expect(readSettings({})).toMatchObject({
      databaseUrl: null,
      databaseUrlSync: null,
      s3: null,
      dataDir: path.resolve('data'),
      modelDirs: [path.resolve('data/models')],
      token: null,
      allowedHosts: [],
      corsOrigins: [],
      importDirs: [],
      contact: null,
      taxonomy: 'manufacturing',
      hubUrl: 'https://huggingface.co',
      commonsUrl: 'https://commons.wikimedia.org',
      archiveUrl: 'https://archive.org',
      nasaUrl: 'https://images-api.nasa.gov',
      apify: {
        token: null,
        url: 'https://api.apify.com',
        actors: {
          youtube: 'streamers/youtube-scraper',
          tiktok: 'clockworks/tiktok-scraper',
          instagram: 'apify/instagram-scraper',
        },
        maxItems: 2000,
        maxUsd: 5,
      },
      clipModel: 'ViT-B-32',
      clipPretrained: 'openai',
      yoloModel: 'yolov8n.pt',
      openVocabularyModel: 'owlv2-base',
      whisperModel: 'base',
      logLevel: 'info',
      ffmpeg: 'ffmpeg',
      ffprobe: 'ffprobe',
      ytDlp: null,
    } satisfies Partial<Settings>)
  })

  it('are frozen', () => {
    const settings = readSettings({
      MINIO_ENDPOINT: 's3:9000',
      MINIO_ACCESS_KEY: 'a',
      MINIO_SECRET_KEY: 'b',
    })
    expect(Object.isFrozen(settings)).toBe(true)
    expect(Object.isFrozen(settings.s3)).toBe(true)
  })

  const cases: [Record<string, string>, Partial<Settings>][] = [
    [
      { DATABASE_URL: 'postgresql+asyncpg://u:p@db:5432/forge' },
      { databaseUrl: 'postgresql://u:p@db:5432/forge' },
    ],
    [{ DATABASE_URL: 'postgres://db/forge' }, { databaseUrl: 'postgres://db/forge' }],
    [
      {
        DATABASE_URL: 'postgresql://pooler/forge',
        DATABASE_URL_SYNC: 'postgresql+psycopg2://u:p@db/forge',
      },
      { databaseUrl: 'postgresql://pooler/forge', databaseUrlSync: 'postgresql://u:p@db/forge' },
    ],
    [{ DATABASE_URL: '' }, { databaseUrl: null }],
    [
      {
        APIFY_API_TOKEN: 'apify',
        APIFY_API_BASE_URL: 'http://127.0.0.1:9/',
        FORGEINDEX_APIFY_YOUTUBE_ACTOR: 'me/youtube',
        FORGEINDEX_APIFY_TIKTOK_ACTOR: 'me~tiktok',
        FORGEINDEX_APIFY_INSTAGRAM_ACTOR: 'me/instagram.2',
        FORGEINDEX_APIFY_MAX_ITEMS: '70',
        FORGEINDEX_APIFY_MAX_USD: '0.5',
      },
      {
        apify: {
          token: 'apify',
          url: 'http://127.0.0.1:9',
          actors: { youtube: 'me/youtube', tiktok: 'me/tiktok', instagram: 'me/instagram.2' },
          maxItems: 70,
          maxUsd: 0.5,
        },
      },
    ],
    [{ FORGEINDEX_ARCHIVE_URL: 'http://127.0.0.1:9/' }, { archiveUrl: 'http://127.0.0.1:9' }],
    [{ FORGEINDEX_NASA_URL: 'http://127.0.0.1:9/' }, { nasaUrl: 'http://127.0.0.1:9' }],
    [{ WHISPER_MODEL: 'tiny' }, { whisperModel: 'tiny' }],
    [{ CLIP_MODEL: 'mini-vl' }, { clipModel: 'mini-vl' }],
    [{ CLIP_PRETRAINED: 'laion2b_s34b_b79k' }, { clipPretrained: 'laion2b_s34b_b79k' }],
    [{ YOLO_MODEL: 'yolox-nano' }, { yoloModel: 'yolox-nano' }],
    [{ MAX_VIDEO_DURATION: '90' }, { maxVideoDurationSeconds: 90 }],
    [{ MAX_VIDEO_DURATION: '' }, { maxVideoDurationSeconds: 600 }],
    [{ LOG_LEVEL: 'WARNING' }, { logLevel: 'warn' }],
    [{ LOG_LEVEL: 'CRITICAL' }, { logLevel: 'fatal' }],
    [{ FORGEINDEX_DATA_DIR: '/srv/library' }, { dataDir: '/srv/library' }],
    [
      { FORGEINDEX_DATA_DIR: '/srv/library', FORGEINDEX_MODELS_DIR: '/srv/weights' },
      { modelDirs: ['/srv/weights', '/srv/library/models'] },
    ],
    [{ FORGEINDEX_TOKEN: 'long enough' }, { token: 'long enough' }],
    [
      { FORGEINDEX_ALLOWED_HOSTS: 'a.example, b.example,' },
      { allowedHosts: ['a.example', 'b.example'] },
    ],
    [{ FORGEINDEX_CORS_ORIGINS: 'https://a.example' }, { corsOrigins: ['https://a.example'] }],
    [{ FORGEINDEX_IMPORT_DIRS: '/srv/in,rel' }, { importDirs: ['/srv/in', path.resolve('rel')] }],
    [{ FORGEINDEX_CONTACT: 'me@a.example' }, { contact: 'me@a.example' }],
    [{ FORGEINDEX_TAXONOMY: 'kitchen' }, { taxonomy: 'kitchen' }],
    [{ HF_ENDPOINT: 'https://mirror.example/' }, { hubUrl: 'https://mirror.example' }],
    [{ FORGEINDEX_COMMONS_URL: 'http://127.0.0.1:9/' }, { commonsUrl: 'http://127.0.0.1:9' }],
    [{ FORGEINDEX_MAX_UPLOAD_BYTES: '1000' }, { maxUploadBytes: 1000 }],
    [
      {
        FORGEINDEX_FFMPEG: '/opt/ffmpeg',
        FORGEINDEX_FFPROBE: '/opt/ffprobe',
        FORGEINDEX_YT_DLP: '/opt/yt',
      },
      { ffmpeg: '/opt/ffmpeg', ffprobe: '/opt/ffprobe', ytDlp: '/opt/yt' },
    ],
    [
      {
        FORGEINDEX_THREADS: '3',
        FORGEINDEX_PROCESS_CONCURRENCY: '2',
        FORGEINDEX_FETCH_CONCURRENCY: '5',
      },
      { threads: 3, processConcurrency: 2, fetchConcurrency: 5 },
    ],
    [{ FORGEINDEX_PROFILE: 'Fast' }, { profile: 'fast' }],
    [
      { FORGEINDEX_DEVICE: 'CUDA', FORGEINDEX_MODEL_MEMORY_MB: '700' },
      { device: 'cuda', modelMemoryBytes: 700 * 1024 ** 2 },
    ],
  ]
  it.each(cases)('%j becomes %j', (variables, expected) => {
    expect(readSettings(variables)).toMatchObject(expected)
  })

  it('name an S3 store with or without a scheme, and where browsers reach it', () => {
    const keys = { MINIO_ACCESS_KEY: 'key', MINIO_SECRET_KEY: 'secret' }
    expect(readSettings({ ...keys, MINIO_ENDPOINT: 'minio:9000' }).s3).toEqual({
      endpoint: 'http://minio:9000',
      accessKey: 'key',
      secretKey: 'secret',
      bucket: 'forgeindex',
      region: 'us-east-1',
      publicUrl: null,
    })
    expect(
      readSettings({
        ...keys,
        MINIO_ENDPOINT: 'minio:9000',
        MINIO_SECURE: 'true',
        MINIO_PUBLIC_URL: 'https://media.example',
        MINIO_BUCKET: 'videos',
        MINIO_REGION: 'eu-1',
      }).s3,
    ).toMatchObject({
      endpoint: 'https://minio:9000',
      bucket: 'videos',
      region: 'eu-1',
      publicUrl: 'https://media.example',
    })
    expect(
      readSettings({ ...keys, MINIO_ENDPOINT: 'https://minio', MINIO_SECURE: 'no' }).s3?.endpoint,
    ).toBe('https://minio')
  })

  it('report every fault at once, by name', () => {
    const error = refusal({
      DATABASE_URL: 'mysql://db/forge',
      MINIO_ENDPOINT: 'minio:9000',
      MAX_VIDEO_DURATION: 'long',
      LOG_LEVEL: 'loud',
      HF_ENDPOINT: 'mirror',
      FORGEINDEX_THREADS: '0',
      FORGEINDEX_TOKEN: 'short',
      MINIO_SECURE: 'maybe',
    })
    expect(error.code).toBe('invalid-settings')
    expect(error.faults.map((fault) => fault.path).sort()).toEqual([
      'DATABASE_URL',
      'FORGEINDEX_THREADS',
      'FORGEINDEX_TOKEN',
      'HF_ENDPOINT',
      'LOG_LEVEL',
      'MAX_VIDEO_DURATION',
      'MINIO_ACCESS_KEY, MINIO_SECRET_KEY',
      'MINIO_SECURE',
    ])
    for (const { path: name } of error.faults) expect(error.message).toContain(name)
    expect(error.message).toContain('"long"')
  })

  it.each([
    { DATABASE_URL: 'mysql://user:hunter2@db/forge' },
    { FORGEINDEX_TOKEN: 'hunter2' },
    { MINIO_PUBLIC_URL: 'user:hunter2@media' },
    { FORGEINDEX_COMMONS_URL: 'user:hunter2@commons' },
    {
      MINIO_ENDPOINT: 's3:9000',
      MINIO_ACCESS_KEY: 'hunter2',
      MAX_VIDEO_DURATION: '-1',
    },
  ])('never show a secret in a fault: %j', (variables) => {
    const { message, faults } = refusal(variables as Record<string, string>)
    expect(JSON.stringify({ message, faults })).not.toContain('hunter2')
  })

  it('take no direct address of a database without the database', () => {
    const { faults } = refusal({ DATABASE_URL_SYNC: 'postgresql://db/forge' })
    expect(faults.map((fault) => fault.path)).toEqual(['DATABASE_URL'])
  })

  it.each(['0', '-1', '1.5', '1e12', 'NaN', 'Infinity'])(
    'take no %s for a number of threads',
    (value) => {
      expect(refusal({ FORGEINDEX_THREADS: value }).faults[0]?.path).toBe('FORGEINDEX_THREADS')
    },
  )
})
