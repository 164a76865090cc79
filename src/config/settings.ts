// Longer than others: one list of all settings, whose faults are reported together.
import { existsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import path from 'node:path'
import { config as readDotEnv } from 'dotenv'
import { z } from 'zod'
import { type InputFault, InvalidInputError } from '../errors.ts'
import { type PlatformRates, ratesFrom } from './platform-rates.ts'

/** The S3-compatible object store, from the MINIO_* variables. */
export interface S3Settings {
  /** Base URL for reading and writing, for example `http://127.0.0.1:9000`. */
  endpoint: string
  accessKey: string
  secretKey: string
  bucket: string
  region: string
  /** Base URL that browsers reach; signed links are made for this host. Null: no signed links. */
  publicUrl: string | null
}

/** How Apify is asked; without a token it is not. */
export interface ApifySettings {
  token: string | null
  url: string
  /** `owner/name` of the actor that is asked about each platform. */
  actors: { youtube: string; tiktok: string; instagram: string }
  /** Most results that one run may bring. */
  maxItems: number
  /** Most dollars that one task may spend. */
  maxUsd: number
}

/** How much work is done for a result. */
export type Profile = 'exact' | 'fast'

/** Everything the program takes from its environment, checked and frozen. */
export interface Settings {
  /** Server database; null means the embedded one under `dataDir`. */
  databaseUrl: string | null
  /** Direct connection for migrations when `databaseUrl` is a pooler. */
  databaseUrlSync: string | null
  /** S3 store; null means the folder `<dataDir>/objects`. */
  s3: S3Settings | null
  dataDir: string
  /** What a person types before a subcommand: `npx forgeindex`. */
  command: string
  /** Folders searched for installed models, in order; the last one is where `models pull` writes. */
  modelDirs: string[]
  token: string | null
  allowedHosts: string[]
  corsOrigins: string[]
  importDirs: string[]
  contact: string | null
  taxonomy: string
  hubUrl: string
  commonsUrl: string
  archiveUrl: string
  nasaUrl: string
  /** Receivers of webhooks that may be on a private address, each as `host:port`. */
  webhookHosts: string[]
  apify: ApifySettings
  rates: PlatformRates
  /** A download without a byte for so long is broken off and gone on with. */
  stallSeconds: number
  /** Downloads leave so much of the disk free. */
  minFreeBytes: number
  clipModel: string
  clipPretrained: string
  yoloModel: string
  /** Detector of words, used by tasks that ask for it. */
  openVocabularyModel: string
  whisperModel: string
  /** Captions that come with a video: people's, a machine's too, or none instead of the model's text. */
  captions: 'use' | 'use-automatic' | 'ignore'
  /** Whether transcripts carry the times of words; needs a model with cross-attentions. */
  wordTimes: boolean
  maxVideoDurationSeconds: number
  maxUploadBytes: number
  logLevel: string
  /** Program names or paths; `ytDlp` null means: the project's own environment, then the PATH. */
  ffmpeg: string
  ffprobe: string
  ytDlp: string | null
  /** CPU threads for models and ffmpeg. */
  threads: number
  /** Where the models run; `auto` takes a GPU when the runtime can use one here. */
  device: 'auto' | 'cpu' | 'cuda' | 'coreml'
  /**
   * `exact`: the models as they are, on every keyframe. `fast`: fewer operations for the same labels;
   * what that costs is measured (`npm run bench:pipeline`).
   */
  profile: Profile
  /** A model process that holds more is replaced between two batches. */
  modelMemoryBytes: number
  /** Videos processed at once by one worker. */
  processConcurrency: number
  /** Downloads at once by one worker. */
  fetchConcurrency: number
}

const text = z.string().trim()
const optionalText = text.transform((value) => value || null).default(null)
const list = text
  .transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
  .default([])
const hostPorts = list.pipe(
  z.array(
    z.string().regex(/^([\w.-]+|\[[\da-f:.]+\]):\d{1,5}$/i, {
      error: 'host:port, several separated by commas, each with its port',
    }),
  ),
)
const flag = text
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0', 'yes', 'no', '']))
  .transform((value) => ['true', '1', 'yes'].includes(value))
  .default(false)
const url = z.url({ protocol: /^https?$/ })
const count = (fallback: number, max: number) =>
  z.coerce.number().int().min(1).max(max).default(fallback)

const actor = (fallback: string) =>
  text
    .regex(/^[\w.-]+[/~][\w.-]+$/, "an actor's name such as owner/name")
    .transform((value) => value.replace('~', '/'))
    .default(fallback)

const rate = z.coerce.number().positive().max(100_000).optional()
const proxy = text
  .regex(/^http:\/\/[^/\s]+\/?$/, 'a proxy such as http://user:password@host:3128')
  .refine((value) => URL.canParse(value), 'a proxy such as http://user:password@host:3128')
  .transform((value) => value.replace(/\/$/, ''))
  .optional()

const databaseUrl = text
  .transform((value) => value.replace(/^postgres(ql)?\+[a-z0-9]+:/, 'postgresql:'))
  .pipe(
    z.union([z.literal(''), z.url({ protocol: /^postgres(ql)?$/ })], {
      error: 'an address such as postgresql://user:password@host:5432/database',
    }),
  )
  .transform((value) => value || null)
  .default(null)

const environment = z.object({
  DATABASE_URL: databaseUrl,
  DATABASE_URL_SYNC: databaseUrl,
  MINIO_ENDPOINT: optionalText,
  MINIO_ACCESS_KEY: optionalText,
  MINIO_SECRET_KEY: optionalText,
  MINIO_SECURE: flag,
  MINIO_PUBLIC_URL: z
    .union([z.literal(''), url])
    .transform((v) => v || null)
    .default(null),
  MINIO_BUCKET: text.min(3).default('forgeindex'),
  MINIO_REGION: text.min(1).default('us-east-1'),
  APIFY_API_TOKEN: optionalText,
  APIFY_API_BASE_URL: url.default('https://api.apify.com'),
  FORGEINDEX_APIFY_YOUTUBE_ACTOR: actor('streamers/youtube-scraper'),
  FORGEINDEX_APIFY_TIKTOK_ACTOR: actor('clockworks/tiktok-scraper'),
  FORGEINDEX_APIFY_INSTAGRAM_ACTOR: actor('apify/instagram-scraper'),
  FORGEINDEX_APIFY_MAX_ITEMS: count(2000, 100_000),
  FORGEINDEX_APIFY_MAX_USD: z.coerce.number().positive().max(100_000).default(5),
  WHISPER_MODEL: text.min(1).default('base'),
  FORGEINDEX_CAPTIONS: z.enum(['use', 'use-automatic', 'ignore']).default('use'),
  FORGEINDEX_WORD_TIMES: flag,
  CLIP_MODEL: text.min(1).default('ViT-B-32'),
  CLIP_PRETRAINED: text.min(1).default('openai'),
  YOLO_MODEL: text.min(1).default('yolov8n.pt'),
  OPEN_VOCABULARY_MODEL: text.min(1).default('owlv2-base'),
  MAX_VIDEO_DURATION: z.coerce.number().positive().default(600),
  LOG_LEVEL: text
    .toLowerCase()
    .transform((level) => (level === 'warning' ? 'warn' : level === 'critical' ? 'fatal' : level))
    .pipe(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']))
    .default('info'),
  FORGEINDEX_DATA_DIR: text.min(1).default('./data'),
  FORGEINDEX_COMMAND: text.min(1).default('npx forgeindex'),
  FORGEINDEX_MODELS_DIR: optionalText,
  FORGEINDEX_TOKEN: z
    .union([z.literal(''), text.min(8)])
    .transform((v) => v || null)
    .default(null),
  FORGEINDEX_ALLOWED_HOSTS: list,
  FORGEINDEX_CORS_ORIGINS: list,
  FORGEINDEX_IMPORT_DIRS: list,
  FORGEINDEX_CONTACT: optionalText,
  FORGEINDEX_TAXONOMY: text.min(1).default('manufacturing'),
  HF_ENDPOINT: url.default('https://huggingface.co'),
  FORGEINDEX_COMMONS_URL: url.default('https://commons.wikimedia.org'),
  FORGEINDEX_ARCHIVE_URL: url.default('https://archive.org'),
  FORGEINDEX_NASA_URL: url.default('https://images-api.nasa.gov'),
  FORGEINDEX_WEBHOOK_HOSTS: hostPorts,
  FORGEINDEX_RATE_YOUTUBE: rate,
  FORGEINDEX_RATE_TIKTOK: rate,
  FORGEINDEX_RATE_INSTAGRAM: rate,
  FORGEINDEX_RATE_COMMONS: rate,
  FORGEINDEX_RATE_ARCHIVE: rate,
  FORGEINDEX_RATE_NASA: rate,
  FORGEINDEX_PLATFORM_CONNECTIONS: count(2, 64),
  FORGEINDEX_COOKIES_YOUTUBE: optionalText,
  FORGEINDEX_COOKIES_TIKTOK: optionalText,
  FORGEINDEX_COOKIES_INSTAGRAM: optionalText,
  FORGEINDEX_PROXY_YOUTUBE: proxy,
  FORGEINDEX_PROXY_TIKTOK: proxy,
  FORGEINDEX_PROXY_INSTAGRAM: proxy,
  FORGEINDEX_STALL_TIMEOUT: z.coerce.number().positive().max(3600).default(30),
  FORGEINDEX_MIN_FREE_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(256 * 1024 ** 2),
  FORGEINDEX_MAX_UPLOAD_BYTES: count(4 * 1024 ** 3, Number.MAX_SAFE_INTEGER),
  FORGEINDEX_FFMPEG: text.min(1).default('ffmpeg'),
  FORGEINDEX_FFPROBE: text.min(1).default('ffprobe'),
  FORGEINDEX_YT_DLP: optionalText,
  FORGEINDEX_THREADS: count(availableParallelism(), 256),
  FORGEINDEX_DEVICE: text
    .toLowerCase()
    .pipe(z.enum(['auto', 'cpu', 'cuda', 'coreml']))
    .default('auto'),
  FORGEINDEX_PROFILE: text
    .toLowerCase()
    .pipe(z.enum(['exact', 'fast']))
    .default('exact'),
  FORGEINDEX_MODEL_MEMORY_MB: count(usualModelMemoryMiB(), 1_048_576),
  FORGEINDEX_PROCESS_CONCURRENCY: count(usualVideosAtOnce(), 64),
  FORGEINDEX_FETCH_CONCURRENCY: count(4, 64),
})

/**
 * Settings from environment variables. An empty variable counts as not set. All faults are
 * reported together, each by its variable's name.
 *
 * @throws InvalidInputError `invalid-settings`, with one fault per variable
 */
export function readSettings(variables: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  const faults: InputFault[] = parsed.success
    ? []
    : parsed.error.issues.map((issue) => {
        const name = String(issue.path[0])
        return { path: name, expected: issue.message, got: shown(name, given[name]) }
      })
  if (given.MINIO_ENDPOINT && !(given.MINIO_ACCESS_KEY && given.MINIO_SECRET_KEY)) {
    faults.push({
      path: 'MINIO_ACCESS_KEY, MINIO_SECRET_KEY',
      expected: 'both set when MINIO_ENDPOINT is',
      got: 'not set',
    })
  }
  if (given.DATABASE_URL_SYNC && !given.DATABASE_URL) {
    faults.push({
      path: 'DATABASE_URL',
      expected: 'set when DATABASE_URL_SYNC is; the direct address alone may stand in both',
      got: 'not set',
    })
  }
  if (!parsed.success || faults.length > 0) {
    const lines = faults.map((fault) => `${fault.path}: ${fault.expected} (got ${fault.got})`)
    throw new InvalidInputError(
      'invalid-settings',
      `These settings are wrong:\n  ${lines.join('\n  ')}`,
      { faults },
    )
  }
  const env = parsed.data
  const dataDir = path.resolve(env.FORGEINDEX_DATA_DIR)
  const ownModels = path.join(dataDir, 'models')
  return Object.freeze({
    databaseUrl: env.DATABASE_URL,
    databaseUrlSync: env.DATABASE_URL_SYNC,
    s3: env.MINIO_ENDPOINT
      ? Object.freeze({
          endpoint: /^https?:\/\//.test(env.MINIO_ENDPOINT)
            ? env.MINIO_ENDPOINT
            : `${env.MINIO_SECURE ? 'https' : 'http'}://${env.MINIO_ENDPOINT}`,
          accessKey: env.MINIO_ACCESS_KEY ?? '',
          secretKey: env.MINIO_SECRET_KEY ?? '',
          bucket: env.MINIO_BUCKET,
          region: env.MINIO_REGION,
          publicUrl: env.MINIO_PUBLIC_URL,
        })
      : null,
    dataDir,
    command: env.FORGEINDEX_COMMAND,
    modelDirs: env.FORGEINDEX_MODELS_DIR
      ? [path.resolve(env.FORGEINDEX_MODELS_DIR), ownModels]
      : [ownModels],
    token: env.FORGEINDEX_TOKEN,
    allowedHosts: env.FORGEINDEX_ALLOWED_HOSTS,
    corsOrigins: env.FORGEINDEX_CORS_ORIGINS,
    importDirs: env.FORGEINDEX_IMPORT_DIRS.map((folder) => path.resolve(folder)),
    contact: env.FORGEINDEX_CONTACT,
    taxonomy: env.FORGEINDEX_TAXONOMY,
    hubUrl: env.HF_ENDPOINT.replace(/\/$/, ''),
    commonsUrl: env.FORGEINDEX_COMMONS_URL.replace(/\/$/, ''),
    archiveUrl: env.FORGEINDEX_ARCHIVE_URL.replace(/\/$/, ''),
    nasaUrl: env.FORGEINDEX_NASA_URL.replace(/\/$/, ''),
    webhookHosts: env.FORGEINDEX_WEBHOOK_HOSTS,
    apify: Object.freeze({
      token: env.APIFY_API_TOKEN,
      url: env.APIFY_API_BASE_URL.replace(/\/$/, ''),
      actors: Object.freeze({
        youtube: env.FORGEINDEX_APIFY_YOUTUBE_ACTOR,
        tiktok: env.FORGEINDEX_APIFY_TIKTOK_ACTOR,
        instagram: env.FORGEINDEX_APIFY_INSTAGRAM_ACTOR,
      }),
      maxItems: env.FORGEINDEX_APIFY_MAX_ITEMS,
      maxUsd: env.FORGEINDEX_APIFY_MAX_USD,
    }),
    rates: ratesFrom(env),
    stallSeconds: env.FORGEINDEX_STALL_TIMEOUT,
    minFreeBytes: env.FORGEINDEX_MIN_FREE_BYTES,
    clipModel: env.CLIP_MODEL,
    clipPretrained: env.CLIP_PRETRAINED,
    yoloModel: env.YOLO_MODEL,
    openVocabularyModel: env.OPEN_VOCABULARY_MODEL,
    whisperModel: env.WHISPER_MODEL,
    captions: env.FORGEINDEX_CAPTIONS,
    wordTimes: env.FORGEINDEX_WORD_TIMES,
    maxVideoDurationSeconds: env.MAX_VIDEO_DURATION,
    maxUploadBytes: env.FORGEINDEX_MAX_UPLOAD_BYTES,
    logLevel: env.LOG_LEVEL,
    ffmpeg: env.FORGEINDEX_FFMPEG,
    ffprobe: env.FORGEINDEX_FFPROBE,
    ytDlp: env.FORGEINDEX_YT_DLP,
    threads: env.FORGEINDEX_THREADS,
    device: env.FORGEINDEX_DEVICE,
    profile: env.FORGEINDEX_PROFILE,
    modelMemoryBytes: env.FORGEINDEX_MODEL_MEMORY_MB * 1024 ** 2,
    processConcurrency: env.FORGEINDEX_PROCESS_CONCURRENCY,
    fetchConcurrency: env.FORGEINDEX_FETCH_CONCURRENCY,
  })
}

/** Settings of this process: real variables win over a `.env` in the working folder. */
export function settingsFromProcess(): Settings {
  // The S3 client would print eight lines about Node 20 on first use.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const variables: Record<string, string> = {}
  if (existsSync('.env')) readDotEnv({ path: '.env', processEnv: variables, quiet: true })
  return readSettings({ ...variables, ...process.env })
}

/**
 * One more than a quarter of the cores, so that one video is decoded while the models look at another,
 * and one for each 1.5 GiB of memory at most.
 */
function usualVideosAtOnce(): number {
  const byCores = 1 + Math.ceil(availableParallelism() / 4)
  return Math.max(1, Math.min(byCores, Math.floor(usableMemoryBytes() / (1.5 * 1024 ** 3))))
}

/** Half of the memory that this process may use, at most 4 GiB. */
function usualModelMemoryMiB(): number {
  return Math.max(512, Math.min(4096, Math.floor(usableMemoryBytes() / 2 / 1024 ** 2)))
}

/** A container's limit counts; a machine of nominally 3 GiB shows a little less. */
function usableMemoryBytes(): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.min(totalmem(), limit)
}

/** A value as it may be shown in a message: secrets and credentials stay hidden. */
function shown(name: string, value: string | undefined): string {
  if (value === undefined) return 'nothing'
  return /TOKEN|KEY|URL|ENDPOINT|PROXY|COOKIES/.test(name)
    ? 'a value that does not fit'
    : JSON.stringify(value)
}
