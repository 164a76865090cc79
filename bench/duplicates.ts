/**
 * `npx tsx bench/duplicates.ts [--form server|embedded] [--keyframes N]`: how long it takes to find what
 * a new video may be a duplicate of, in a library of N keyframes (default 1,000,000 on a server, 100,000
 * embedded), and whether copies and excerpts are among what is found. The server form takes the
 * PostgreSQL of FORGEINDEX_TEST_DATABASE_URL, the embedded one a folder under `.cache/bench`; both
 * keep their library for the next run.
 *
 * The last line is JSON.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { type Database, migrate, openEmbedded, openServer } from '../src/config/database.ts'
import { duplicateCandidates } from '../src/store/duplicate-candidates.ts'
import { frameVectorsOf } from '../src/store/embeddings.ts'
import { toVectorText } from '../src/store/vectors.ts'
import { mixed, randomUnit, seededRandom } from '../test/support/frame-vectors.ts'

const FRAMES_EACH = 100
/** Directions that frames and videos are mixed of. */
const POOL = 4096
/** As many as a video of up to 128 keyframes asks, see `src/pipeline/dedup/questions.ts`. */
const QUESTIONS = 10
const THRESHOLD = 0.95

const option = (name: string) =>
  process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined
const form = option('--form') === 'embedded' ? 'embedded' : 'server'
const keyframes = Number(option('--keyframes') ?? (form === 'server' ? 1_000_000 : 100_000))
const rounds = Number(option('--rounds') ?? 30)
const random = seededRandom(7)

const database = await open()
try {
  if ((await countOf(database)) === 0) await fill(database)
  console.log(JSON.stringify(await measure(database)))
} finally {
  await database.close()
}

async function open(): Promise<Database> {
  if (form === 'embedded') {
    const folder = path.resolve(import.meta.dirname, `../.cache/bench/duplicates-${keyframes}`)
    const isNew = !existsSync(folder)
    const embedded = await openEmbedded(folder)
    if (isNew) await migrate(embedded)
    return embedded
  }
  const server = process.env.FORGEINDEX_TEST_DATABASE_URL
  if (!server)
    throw new Error('Set FORGEINDEX_TEST_DATABASE_URL (scripts/postgres.sh up prints it).')
  const name = `forgeindex_bench_duplicates_${keyframes}`
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
  if (!rowCount) await client.query(`create database ${name}`)
  await client.end()
  const url = new URL(server)
  url.pathname = `/${name}`
  const opened = openServer(url.href)
  if (!rowCount) await migrate(opened)
  return opened
}

async function countOf({ db }: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from video_embeddings`.execute(db)
  return rows[0]?.count ?? 0
}

/** Videos as a random walk of frames each: neighbours nearly equal, first to last about .6. */
async function fill({ db }: Database): Promise<void> {
  const began = performance.now()
  const told = (what: string) =>
    console.error(`${what}: ${((performance.now() - began) / 1000).toFixed(0)} s`)
  await sql`truncate videos cascade`.execute(db)
  await sql`delete from models`.execute(db)
  await sql`drop index if exists keyframe_embeddings_hnsw, video_embeddings_hnsw`.execute(db)
  await sql`drop table if exists pool`.execute(db)
  await sql`create table pool (n integer primary key, v vector(512))`.execute(db)
  for (let start = 0; start < POOL; start += 256) {
    const texts = Array.from({ length: 256 }, () => toVectorText(randomUnit(random)))
    await sql`insert into pool select ${start} + ordinality - 1, text::vector
      from unnest(${texts}::text[]) with ordinality as t(text)`.execute(db)
  }
  await sql`insert into models (id, name, revision, kind, runtime, licence)
    overriding system value values (1, 'bench', '1', 'clip', 'none', 'MIT')`.execute(db)
  const videos = Math.ceil(keyframes / FRAMES_EACH)
  for (let first = 0; first < videos; first += 1000) {
    const last = Math.min(videos, first + 1000) - 1
    await sql`insert into videos (source_url, platform, source_id, title, taxonomy, status, duration,
        width, height, has_audio, bytes)
      select 'https://videos.example/' || n, 'bench', n::text, 'Video ' || n, 'manufacturing',
        'completed', ${FRAMES_EACH}::int, 1280, 720, true, 1000000
      from generate_series(${first}::int, ${last}::int) n`.execute(db)
    await sql`insert into keyframes (video_id, timestamp, frame_index, shot_index, is_scene_change,
        scene_score, storage_key)
      select v.id, f, f * 25, f / 10, f % 10 = 0, 0, 'k' || f
      from videos v, generate_series(0, ${FRAMES_EACH - 1}::int) f
      where v.source_id::int between ${first}::int and ${last}::int`.execute(db)
    await sql`
      insert into keyframe_embeddings (keyframe_id, video_id, model_id, embedding)
      select id, video_id, 1, l2_normalize(base + array_fill(0.2::real, array[512])::vector * walk)::halfvec
      from (
        select k.id, k.video_id, b.v as base,
          sum(p.v) over (partition by k.video_id order by k.timestamp) as walk
        from videos v join keyframes k on k.video_id = v.id
        join pool p on p.n = abs(hashint8(v.source_id::bigint * 1009 + k.frame_index)) % ${POOL}::int
        join lateral (select sum(q.v) as v from pool q where q.n in
          (abs(hashint4(v.source_id::int)) % ${POOL}::int, abs(hashint4(-v.source_id::int)) % ${POOL}::int)
        ) b on true
        where v.source_id::int between ${first}::int and ${last}::int
      ) w`.execute(db)
    await sql`
      insert into keyframe_bits (keyframe_id, video_id, model_id, bits)
      select e.keyframe_id, e.video_id, 1, binary_quantize(e.embedding)::bit(512)
      from videos v join keyframe_embeddings e on e.video_id = v.id
      where v.source_id::int between ${first}::int and ${last}::int`.execute(db)
    await sql`
      insert into video_embeddings (video_id, model_id, model_name, embedding)
      select v.id, 1, 'bench', l2_normalize(avg(e.embedding::vector))
      from videos v join keyframe_embeddings e on e.video_id = v.id
      where v.source_id::int between ${first}::int and ${last}::int group by v.id`.execute(db)
    told(`${(last + 1) * FRAMES_EACH} keyframes`)
  }
  if (form === 'server') {
    await db.transaction().execute(async (trx) => {
      await sql`set local maintenance_work_mem = '2600MB'`.execute(trx)
      await sql`set local max_parallel_maintenance_workers = 2`.execute(trx)
      // As migrations/0002 makes them.
      await sql`create index keyframe_embeddings_hnsw on keyframe_embeddings
        using hnsw (embedding halfvec_cosine_ops) with (m = 16, ef_construction = 200)`.execute(trx)
      await sql`create index video_embeddings_hnsw on video_embeddings
        using hnsw (embedding vector_cosine_ops) with (m = 16, ef_construction = 200)`.execute(trx)
    })
    told('indexes')
  }
  await sql`vacuum analyze`.execute(db)
  told('vacuum')
}

/** Videos like one that is there, with a little noise as a re-encode has (cosine about .98). */
async function measure(opened: Database) {
  const { db } = opened
  // What a run that was cut off left.
  await sql`delete from videos where title = 'Copy'`.execute(db)
  const { rows } = await sql<{ id: string }>`
    select id from videos where source_id ~ '^[0-9]+$' order by md5(source_id) limit ${rounds}`.execute(
    db,
  )
  const result: Record<string, unknown> = { form, keyframes }
  for (const [kind, from, count] of [
    ['copy', 0, FRAMES_EACH],
    ['excerpt', 40, 20],
  ] as const) {
    const times: number[] = []
    let found = 0
    let others = 0
    for (const original of rows) {
      const frames = (await frameVectorsOf(db, original.id)).slice(from, from + count)
      const vectors = frames.map(({ vector }) => mixed(vector, randomUnit(random), 0.2))
      const id = await insertCopy(db, vectors)
      const step = Math.max(1, Math.floor(vectors.length / QUESTIONS))
      const questions = vectors.filter((_, index) => index % step === 0).slice(0, QUESTIONS)
      const began = performance.now()
      const candidates = await duplicateCandidates(opened, id, questions, THRESHOLD)
      times.push(performance.now() - began)
      if (candidates.some(({ videoId }) => videoId === original.id)) found += 1
      others += candidates.length
      await sql`delete from videos where id = ${id}`.execute(db)
    }
    times.sort((a, b) => a - b)
    const at = (share: number) =>
      Math.round(times[Math.floor(share * (times.length - 1))]! * 10) / 10
    result[kind] = {
      found: found / rows.length,
      candidates: others / rows.length,
      ms_p50: at(0.5),
      ms_p95: at(0.95),
    }
  }
  return result
}

async function insertCopy(db: Database['db'], vectors: Float32Array[]): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    insert into videos (source_url, platform, source_id, title, taxonomy, status, duration)
    values ('https://videos.example/copy', 'bench', gen_random_uuid()::text, 'Copy', 'manufacturing',
      'completed', ${vectors.length}) returning id`.execute(db)
  const id = rows[0]!.id
  const texts = vectors.map(toVectorText)
  await sql`
    with k as (
      insert into keyframes (video_id, timestamp, frame_index, shot_index, is_scene_change,
        scene_score, storage_key)
      select ${id}::uuid, n, n * 25, 0, false, 0, 'k' || n
      from generate_series(0, ${vectors.length - 1}::int) n returning id, timestamp
    ), e as (
      insert into keyframe_embeddings (keyframe_id, video_id, model_id, embedding)
      select k.id, ${id}::uuid, 1, t.text::halfvec from k
      join unnest(${texts}::text[]) with ordinality as t(text, n) on t.n = k.timestamp + 1
      returning keyframe_id, embedding
    ), b as (
      insert into keyframe_bits (keyframe_id, video_id, model_id, bits)
      select keyframe_id, ${id}::uuid, 1, binary_quantize(embedding)::bit(512) from e
    )
    insert into video_embeddings (video_id, model_id, model_name, embedding)
    select ${id}::uuid, 1, 'bench', l2_normalize(avg(embedding::vector)) from e`.execute(db)
  return id
}
