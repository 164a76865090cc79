import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import sharp from 'sharp'
import type { Db } from '../../src/config/database.ts'
import type { Storage } from '../../src/config/storage.ts'

/** How large the made-up library is. */
export interface LibrarySize {
  videos: number
  keyframesPerVideo: number
  /** Keyframes of each video that get a vector, 0 by default: vectors take most of the time. */
  vectorsPerVideo?: number
}

/** Videos written in one transaction. */
const BATCH = 250
/** Different pictures; every keyframe and thumbnail is one of them. */
const PICTURES = 12
const VIDEOS_PER_TASK = 250

const pictureKey = (number: number | string) => `bench/pictures/${number}.jpg`

/**
 * Fills an empty library with videos that were never there: titles, licences, tags, boxes, concepts,
 * activities, speech, near-duplicates, tasks and datasets in likely proportions, the same for the same
 * size. Pictures are those of `storePictures`; there is no video file behind them.
 */
export async function fillLibrary(db: Db, size: LibrarySize): Promise<void> {
  for (let first = 0; first < size.videos; first += BATCH) {
    const count = Math.min(BATCH, size.videos - first)
    await db.transaction().execute(async (trx) => {
      for (const statement of statementsFor(first, count, size)) await statement.execute(trx)
    })
  }
  await sql`insert into duplicate_pairs (video_id_a, video_id_b, similarity, model_name)
    select a.id, b.id, 0.97, 'mini-vl' from videos a
    join videos b on b.source_id = (a.source_id::int + 1)::text
    where a.source_id::int % 33 = 0`.execute(db)
  await fillTasksAndDatasets(db, size.videos)
  // The embedded database has no background process that would do it.
  await sql`vacuum analyze`.execute(db)
}

/** Stores the pictures that the videos of `fillLibrary` show. */
export async function storePictures(storage: Storage): Promise<void> {
  for (let number = 0; number < PICTURES; number++) {
    const background = { r: 40 + number * 17, g: 60 + ((number * 53) % 150), b: 80, alpha: 1 }
    const picture = await sharp({ create: { width: 480, height: 270, channels: 3, background } })
      .composite([{ input: Buffer.from(shape(number)), left: 0, top: 0 }])
      .jpeg({ quality: 75 })
      .toBuffer()
    await storage.put(pictureKey(number), picture)
  }
}

function shape(number: number): string {
  const x = 60 + ((number * 97) % 300)
  return `<svg width="480" height="270"><circle cx="${x}" cy="135" r="${40 + number * 5}" fill="#d97706"/>
    <rect x="${480 - x}" y="40" width="70" height="190" fill="#1f2937" opacity="0.7"/></svg>`
}

const TOPICS = [
  ['cnc', 'CNC milling of an aluminium part'],
  ['welding', 'TIG welding a steel frame'],
  ['assembly', 'Assembly line of small motors'],
  ['3d_printing', '3D printing a gear overnight'],
  ['lathe', 'Turning a shaft on the lathe'],
  ['other', 'A visit to the workshop'],
] as const
const LABELS =
  'person,control_panel,cutting_tool,handheld_device,conveyor,chair,bottle,car,truck,tv,keyboard,mouse,cup,book,clock,potted_plant,dining_table,backpack,handbag,umbrella,oven,sink,refrigerator,bench,bird,dog,cat,knife,spoon,bowl'
const CONCEPTS =
  'milling_machine,welding_torch,sparks,robot_arm,lathe,hand_tool,safety_glasses,printed_part'
const ACTIVITIES = 'tool_usage,machine_operation,material_handling,inspection,assembly'
const TAGS =
  'cnc,welding,metal,workshop,tutorial,robot,automation,steel,aluminium,safety,education,factory,lathe,spark,additive,wood'
const LICENCES = ['CC BY-SA 4.0', 'CC BY 4.0', 'CC0', 'Public domain', null, null]

const words = (list: string) => sql`string_to_array(${list}, ',')`
/** A number from 0 to `bound` - 1 that looks random and is the same in every run. */
const mixed = (text: string, bound: number) =>
  sql`(abs(hashint4(${sql.raw(text)}) % 1000003) % ${sql.lit(bound)})`
const pick = (list: string, text: string) =>
  sql`(${words(list)})[1 + ${mixed(text, list.split(',').length)}]`

function statementsFor(first: number, count: number, size: LibrarySize) {
  const last = first + count - 1
  const frames = size.keyframesPerVideo
  const these = sql`v.source_id::int between ${sql.lit(first)} and ${sql.lit(last)}`
  const topic = sql`(array[${sql.join(TOPICS.map(([name]) => sql.lit(name)))}])[1 + n % ${sql.lit(TOPICS.length)}]`
  const title = sql`(array[${sql.join(TOPICS.map(([, text]) => sql.lit(text)))}])[1 + n % ${sql.lit(TOPICS.length)}]`
  const licence = sql`(array[${sql.join(LICENCES.map((text) => sql.lit(text)))}]::text[])[1 + ${mixed('n', LICENCES.length)}]`
  const frameWithLabel = sql`
    with frames as materialized (
      select k.id, v.source_id::int as n, round(k.timestamp / v.duration * ${sql.lit(frames)})::int as f
      from videos v join keyframes k on k.video_id = v.id where ${these}
    )`
  return [
    sql`insert into videos (source_url, platform, source_id, title, description, duration, resolution,
        width, height, fps, rotation, has_audio, bytes, storage_key, thumbnail_key, status, category,
        taxonomy, query, uploader, licence, content_sha256, fetched_with, fetched_at, created_at,
        completed_at)
      select 'https://videos.example/' || n,
        (array['youtube', 'commons', 'folder', 'tiktok'])[1 + ${mixed('n + 1', 4)}], n::text,
        ${title} || ' ' || n, 'Made up for measuring.', 30 + ${mixed('n + 2', 570)}, '1280x720',
        1280, 720, 25, 0, true, 20000000 + n, 'bench/videos/' || n,
        ${sql.lit('bench/pictures/')} || n % ${sql.lit(PICTURES)} || '.jpg',
        case when n % 50 = 49 then 'failed' else 'completed' end::video_status, ${topic},
        'manufacturing', 'workshop videos', 'Uploader ' || n % 300, ${licence},
        encode(sha256(n::text::bytea), 'hex'), 'bench', now(),
        now() - (${sql.lit(size.videos)} - n) * interval '1 minute', now()
      from generate_series(${sql.lit(first)}::int, ${sql.lit(last)}::int) n`,
    sql`insert into keyframes (video_id, timestamp, frame_index, shot_index, is_scene_change,
        scene_score, storage_key)
      select v.id, v.duration * f / ${sql.lit(frames)}, (v.duration * f / ${sql.lit(frames)} * 25)::int,
        f / 6, f % 6 = 0, 0.1, ${sql.lit('bench/pictures/')} || (v.source_id::int + f) % ${sql.lit(PICTURES)} || '.jpg'
      from videos v, generate_series(0, ${sql.lit(frames - 1)}) f where ${these}`,
    // Six labels a video, three boxes a keyframe: the same things are seen again and again.
    sql`${frameWithLabel}
      insert into detections (keyframe_id, label, source_label, confidence, bbox_x, bbox_y, bbox_w,
        bbox_h, model_name)
      select id, label, case label when 'control_panel' then 'laptop' else label end,
        0.3 + ${mixed('n * 7 + f * 3 + b', 69)} / 100.0, 0.1 + b * 0.2, 0.2, 0.2, 0.4, 'yolox-nano'
      from (select id, n, f, b,
          case b when 0 then 'person' else ${pick(LABELS, 'n * 31 + (f + b) % 5')} end as label
        from frames, generate_series(0, 2) b) s`,
    sql`${frameWithLabel}
      insert into frame_concepts (keyframe_id, label, score, model_name)
      select id, ${pick(CONCEPTS, 'n * 13 + f % 2')}, 0.5 + ${mixed('n + f', 49)} / 100.0, 'mini-vl'
      from frames where f % 3 = 0`,
    sql`insert into activity_segments (video_id, label, start_time, end_time, confidence)
      select v.id, ${pick(ACTIVITIES, 'v.source_id::int * 5 + a')}, v.duration * a / 4,
        v.duration * (a + 0.8) / 4, 0.6 from videos v, generate_series(0, 2) a where ${these}`,
    sql`insert into video_tags (video_id, tag, source)
      select v.id, ${pick(TAGS, 'v.source_id::int * 11 + t')}, 'auto'
      from videos v, generate_series(1, 5) t where ${these} on conflict do nothing`,
    sql`insert into transcripts (video_id, full_text, language, model_name)
      select v.id, case when v.source_id::int % 2 = 0 then
        repeat('Now we clamp the workpiece and start the spindle. ', 12) else '' end, 'en', 'whisper-base'
      from videos v where ${these}`,
    sql`insert into transcript_segments (transcript_id, start_time, end_time, text)
      select t.id, s * 2, s * 2 + 2, 'Now we clamp the workpiece and start the spindle.'
      from videos v join transcripts t on t.video_id = v.id and t.full_text <> '',
        generate_series(0, 11) s where ${these}`,
    sql`insert into video_documents (video_id, document)
      select v.id, setweight(to_tsvector('english', v.title), 'A') ||
        setweight(to_tsvector('english', (select string_agg(tag, ' . ') from video_tags t
          where t.video_id = v.id)), 'B') ||
        setweight(to_tsvector('english', t.full_text), 'C')
      from videos v join transcripts t on t.video_id = v.id where ${these}`,
    sql`insert into annotations (video_id, data, sha256)
      select v.id, jsonb_build_object('schema_version', '1.0', 'category', v.category,
        'tags', (select jsonb_agg(tag) from video_tags t where t.video_id = v.id),
        'video', jsonb_build_object('id', v.id, 'title', v.title)), v.content_sha256
      from videos v where ${these}`,
    sql`insert into step_runs (video_id, step, position, version, input_hash, state, counts, seconds)
      select v.id, step, position, 1, 'bench', 'done', '{}', 1 from videos v,
        unnest(array['frames', 'embeddings', 'dedup', 'transcription', 'detection', 'concepts',
          'activity', 'annotation']) with ordinality s (step, position) where ${these}`,
    ...labelStatements(these),
    ...(size.vectorsPerVideo ? vectorStatements(these, size.vectorsPerVideo) : []),
  ]
}

/** What `refreshVideoLabels` writes, for many videos at once. */
function labelStatements(these: ReturnType<typeof sql>) {
  return [
    sql`insert into video_labels (video_id, kind, label, count, max_confidence)
      select k.video_id, 'object', d.label, count(*), max(d.confidence)
      from videos v join keyframes k on k.video_id = v.id join detections d on d.keyframe_id = k.id
      where ${these} group by k.video_id, d.label`,
    sql`insert into video_labels (video_id, kind, label, count, max_confidence)
      select k.video_id, 'source', d.source_label, count(*), max(d.confidence)
      from videos v join keyframes k on k.video_id = v.id join detections d on d.keyframe_id = k.id
      where ${these} and d.source_label <> d.label group by k.video_id, d.source_label`,
    sql`insert into video_labels (video_id, kind, label, count, max_confidence)
      select k.video_id, 'concept', c.label, count(*), max(c.score)
      from videos v join keyframes k on k.video_id = v.id join frame_concepts c on c.keyframe_id = k.id
      where ${these} group by k.video_id, c.label`,
    sql`insert into video_labels (video_id, kind, label, count, max_confidence)
      select v.id, 'activity', a.label, count(*), max(a.confidence)
      from videos v join activity_segments a on a.video_id = v.id where ${these} group by v.id, a.label`,
    sql`insert into facet_values (kind, label)
      select case l.kind when 'activity' then 'a' else 'o' end::"char", l.label
      from videos v join video_labels l on l.video_id = v.id where ${these} and l.kind <> 'source'
      union select 't', t.tag from videos v join video_tags t on t.video_id = v.id where ${these}
      on conflict do nothing`,
    sql`insert into video_counts (video_id, keyframes, detections, concepts, activities, facets)
      select v.id, (select count(*) from keyframes k where k.video_id = v.id),
        (select sum(count) from video_labels l where l.video_id = v.id and l.kind = 'object'),
        (select sum(count) from video_labels l where l.video_id = v.id and l.kind = 'concept'),
        (select sum(count) from video_labels l where l.video_id = v.id and l.kind = 'activity'),
        (select string_agg(chr(57344 + f.id), '') from (
          select case kind when 'activity' then 'a' else 'o' end::"char" as kind, label
          from video_labels l where l.video_id = v.id and kind <> 'source'
          union all select 't', tag from video_tags t where t.video_id = v.id) x
          join facet_values f using (kind, label))
      from videos v where ${these}`,
  ]
}

function vectorStatements(these: ReturnType<typeof sql>, perVideo: number) {
  const model = sql`(select id from models where name = 'mini-vl' limit 1)`
  return [
    sql`insert into models (name, revision, kind, dims, runtime, licence)
      values ('mini-vl', 'bench', 'image-text-embedding', 512, 'bench', 'MIT') on conflict do nothing`,
    sql`insert into keyframe_embeddings (keyframe_id, video_id, model_id, embedding)
      select k.id, v.id, ${model}, l2_normalize((select array_agg(random() - 0.5)
        from generate_series(1, 512 + 0 * k.frame_index))::vector)::halfvec
      from videos v join keyframes k on k.video_id = v.id and k.shot_index < ${sql.lit(perVideo)}
        and k.is_scene_change where ${these}`,
    sql`insert into keyframe_bits (keyframe_id, video_id, model_id, bits)
      select e.keyframe_id, v.id, e.model_id, binary_quantize(e.embedding)::bit(512)
      from videos v join keyframe_embeddings e on e.video_id = v.id where ${these}`,
    sql`insert into video_embeddings (video_id, model_id, model_name, embedding)
      select distinct on (v.id) v.id, e.model_id, 'mini-vl', e.embedding::vector
      from videos v join keyframe_embeddings e on e.video_id = v.id where ${these}`,
  ]
}

async function fillTasksAndDatasets(db: Db, videos: number): Promise<void> {
  for (let first = 0; first < videos; first += VIDEOS_PER_TASK) {
    const taskId = randomUUID()
    const count = Math.min(VIDEOS_PER_TASK, videos - first)
    await sql`insert into ingestion_tasks (id, query, platform, taxonomy, status, max_videos,
        discovery_done, videos_found, videos_processed, started_at, finished_at, created_at)
      values (${taskId}, 'workshop videos', 'commons', 'manufacturing', 'completed', ${count}, true,
        ${count}, ${count}, now(), now(), now() - ${(videos - first) * 60} * interval '1 second')`.execute(
      db,
    )
    await sql`insert into candidates (task_id, platform, source_id, url, title, rank, state, video_id)
      select ${taskId}, v.platform, v.source_id, v.source_url, v.title, v.source_id::int, 'accepted',
        v.id from videos v
      where v.source_id::int between ${first}::int and ${first + count - 1}::int`.execute(db)
  }
  for (let number = 0; number < 30; number++) {
    const datasetId = randomUUID()
    const some = number === 0 ? 1 : 20 + number
    await sql`insert into datasets (id, name, filters, video_count)
      select ${datasetId}, ${`Dataset ${number}`}, '{}', count(*) from videos v
      where v.source_id::int % ${some}::int = 0 and v.status = 'completed'`.execute(db)
    await sql`insert into dataset_videos (dataset_id, version, video_id, position, content_sha256,
        annotation_sha256, annotation)
      select ${datasetId}, 1, v.id, row_number() over (order by v.created_at), v.content_sha256,
        n.sha256, n.data from videos v join annotations n on n.video_id = v.id
      where v.source_id::int % ${some}::int = 0 and v.status = 'completed'`.execute(db)
  }
}
