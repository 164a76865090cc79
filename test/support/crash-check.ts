import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Database } from '../../src/config/database.ts'

/**
 * Everything that the pipeline wrote, without ids and clock times, in a fixed order: two libraries
 * that took the same files give the same value, whatever happened on the way.
 */
export async function contentsOf(database: Database): Promise<Record<string, unknown[]>> {
  const contents: Record<string, unknown[]> = {}
  for (const [table, statement] of Object.entries(CONTENTS)) {
    const { rows } = await database.pool.query<Record<string, unknown>>(statement)
    contents[table] = rows.map(withoutIds)
  }
  return contents
}

/**
 * What is wrong with a library whose tasks have all ended, one sentence each; empty when it is
 * whole: nothing open, nothing doubled, nothing half-written, every object named by a row.
 */
export async function faultsOf(database: Database, dataDir: string): Promise<string[]> {
  const faults: string[] = []
  for (const [fault, statement] of Object.entries(FAULTS)) {
    const { rows } = await database.pool.query<{ what: string }>(statement)
    if (rows.length > 0) faults.push(`${fault}: ${rows.map((row) => row.what).join(', ')}`)
  }
  const { rows } = await database.pool.query<{ key: string }>(OBJECT_KEYS)
  const named = new Set(rows.map((row) => row.key))
  const stored = new Set(filesUnder(path.join(dataDir, 'objects')))
  const missing = [...named].filter((key) => !stored.has(key))
  const orphans = [...stored].filter((key) => !named.has(key))
  if (missing.length > 0) faults.push(`objects missing: ${missing.join(', ')}`)
  if (orphans.length > 0) faults.push(`objects that no row names: ${orphans.join(', ')}`)
  const scratch = path.join(dataDir, 'scratch')
  const left = existsSync(scratch) ? readdirSync(scratch) : []
  if (left.length > 0) faults.push(`scratch left: ${left.join(', ')}`)
  return faults
}

/** Videos go by their titles, which are their file names. Real vectors are text in both forms. */
const CONTENTS: Record<string, string> = {
  videos: `select title, platform, status, duration, width, height, fps, rotation, has_audio, bytes,
      category, content_sha256, failure,
      regexp_replace(storage_key, '^videos/[^/]*/', '') as storage_key,
      regexp_replace(thumbnail_key, '^videos/[^/]*/', '') as thumbnail_key
    from videos order by title`,
  keyframes: `select v.title, k.timestamp, frame_index, shot_index, is_scene_change, scene_score,
      regexp_replace(k.storage_key, '^videos/[^/]*/', '') as storage_key
    from keyframes k join videos v on v.id = k.video_id order by v.title, k.timestamp`,
  vectors: `select v.title, k.timestamp, m.name, e.embedding::text as embedding
    from keyframe_embeddings e join keyframes k on k.id = e.keyframe_id
      join videos v on v.id = e.video_id join models m on m.id = e.model_id
    order by v.title, k.timestamp`,
  bits: `select v.title, k.timestamp, m.name, b.bits::text as bits
    from keyframe_bits b join keyframes k on k.id = b.keyframe_id
      join videos v on v.id = b.video_id join models m on m.id = b.model_id
    order by v.title, k.timestamp`,
  videoVectors: `select v.title, e.model_name, e.embedding::text as embedding
    from video_embeddings e join videos v on v.id = e.video_id order by v.title`,
  detections: `select v.title, k.timestamp, d.label, source_label, confidence, bbox_x, bbox_y,
      bbox_w, bbox_h, model_name
    from detections d join keyframes k on k.id = d.keyframe_id join videos v on v.id = k.video_id
    order by v.title, k.timestamp, d.label, source_label, confidence, bbox_x, bbox_y`,
  concepts: `select v.title, k.timestamp, c.label, c.score, c.model_name
    from frame_concepts c join keyframes k on k.id = c.keyframe_id join videos v on v.id = k.video_id
    order by v.title, k.timestamp, c.label`,
  activities: `select v.title, a.label, start_time, end_time, confidence
    from activity_segments a join videos v on v.id = a.video_id
    order by v.title, start_time, a.label`,
  transcripts: `select v.title, full_text, language, model_name
    from transcripts t join videos v on v.id = t.video_id order by v.title`,
  segments: `select v.title, start_time, end_time, text
    from transcript_segments s join transcripts t on t.id = s.transcript_id
      join videos v on v.id = t.video_id order by v.title, start_time`,
  tags: `select v.title, tag, source from video_tags t join videos v on v.id = t.video_id
    order by v.title, tag`,
  documents: `select v.title, document::text as document
    from video_documents d join videos v on v.id = d.video_id order by v.title`,
  duplicates: `select least(a.title, b.title) as one, greatest(a.title, b.title) as other,
      round(similarity::numeric, 5)::text as similarity
    from duplicate_pairs p join videos a on a.id = p.video_id_a join videos b on b.id = p.video_id_b
    order by 1, 2`,
  annotations: `select v.title, data from annotations a join videos v on v.id = a.video_id
    order by v.title`,
  // Pairs are counted when a video is compared, with those that were done before it.
  steps: `select v.title, step, position, version, state, reason, model_name,
      case when step = 'dedup' then '{}' else counts end as counts
    from step_runs s join videos v on v.id = s.video_id order by v.title, position`,
}

const FAULTS: Record<string, string> = {
  'tasks not ended': `select id || ' ' || status as what from ingestion_tasks
    where status not in ('completed', 'failed', 'cancelled') or finished_at is null`,
  'tasks that miscount': `select id || ' ' || videos_processed || ' of ' || videos_found as what
    from ingestion_tasks t where videos_processed <> (
      select count(distinct c.video_id) from candidates c join videos v on v.id = c.video_id
      where c.task_id = t.id and c.state = 'accepted' and v.status = 'completed')`,
  'videos not ended': `select title || ' ' || status as what from videos
    where status not in ('completed', 'failed')`,
  'completed videos without all 8 steps': `select title || ' has ' || count(s.step) as what
    from videos v left join step_runs s on s.video_id = v.id and s.state in ('done', 'skipped')
    where v.status = 'completed' group by v.id, title having count(s.step) <> 8`,
  'steps not ended': `select step || ' ' || state as what from step_runs
    where state not in ('done', 'skipped', 'failed')`,
  'completed videos without one annotation': `select title as what from videos v
    where status = 'completed' and (select count(*) from annotations a where a.video_id = v.id) <> 1`,
  'candidates doubled': `select task_id || ' ' || url as what from candidates
    group by task_id, url having count(*) > 1`,
  'videos doubled': `select title as what from videos group by title having count(*) > 1`,
  'exports not ended': `select id || ' ' || state as what from dataset_exports
    where state not in ('done', 'failed')`,
  'jobs not ended': `select name || ' ' || state as what from pgboss.job
    where name in ('ingest', 'fetch', 'video', 'export') and state in ('created', 'retry', 'active')`,
  'jobs failed': `select name || ' ' || coalesce(output::text, '') as what from pgboss.job
    where name in ('ingest', 'fetch', 'video', 'export') and state = 'failed'`,
}

const OBJECT_KEYS = `select storage_key as key from videos where storage_key is not null
  union select thumbnail_key from videos where thumbnail_key is not null
  union select storage_key from keyframes
  union select 'exports/' || dataset_id || '/' || id || '.' || format from dataset_exports
    where state = 'done'`

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g

/** Ids and clock times inside JSON, such as an annotation's, say nothing about the work. */
function withoutIds(row: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(row).replace(ID, 'id').replace(TIME, 'time'))
}

/** Paths of all files below a folder, relative to it, with `/`. */
function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
    )
}
