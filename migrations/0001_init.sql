-- The library's tables. Times are seconds on the video's own timeline, boxes are shares of the
-- upright frame with the origin at the top left, vectors are L2-normalised.
create extension if not exists vector;

create type video_status as enum ('pending', 'downloading', 'processing', 'labeling', 'completed', 'failed');
create type task_status as enum ('pending', 'running', 'completed', 'failed', 'cancelled');
create type step_state as enum ('pending', 'running', 'done', 'skipped', 'failed');
create type candidate_state as enum ('found', 'accepted', 'rejected');
create type tag_source as enum ('auto', 'manual');

-- Every vector, box, transcript and label names the model that made it.
create table models (
  id integer generated always as identity primary key,
  name text not null,
  revision text not null,
  kind text not null,
  dims integer,
  runtime text not null,
  licence text not null,
  file_hashes jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (name, revision, runtime)
);

create table videos (
  id uuid primary key default gen_random_uuid(),
  source_url text not null unique,
  platform text not null,
  source_id text not null,
  title text not null,
  description text,
  duration double precision,
  resolution text,
  width integer,
  height integer,
  fps double precision,
  rotation integer,
  has_audio boolean,
  bytes bigint,
  storage_key text,
  thumbnail_key text,
  status video_status not null default 'pending',
  category text not null default 'other',
  taxonomy text not null,
  query text,
  uploader text,
  uploader_url text,
  published_at timestamptz,
  licence text,
  licence_url text,
  licence_evidence jsonb,
  content_sha256 text,
  -- Where to fetch it from: {url, downloadUrl?, localFile?, thumbnailUrl?}
  fetch_from jsonb,
  fetched_with text,
  fetched_at timestamptz,
  -- {code, step, message, retryable}
  failure jsonb,
  -- The run that may write this video's results; a new run takes it over, the old one's writes are refused.
  run_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  completed_at timestamptz,
  unique (platform, source_id)
);
create unique index videos_content on videos (content_sha256) where content_sha256 is not null;
create index videos_status on videos (status);
create index videos_created on videos (created_at desc, id desc);

create table keyframes (
  id uuid primary key default gen_random_uuid(),
  video_id uuid not null references videos on delete cascade,
  timestamp double precision not null,
  frame_index integer not null,
  shot_index integer not null,
  is_scene_change boolean not null,
  scene_score double precision not null,
  storage_key text not null,
  unique (video_id, timestamp)
);

create table keyframe_embeddings (
  keyframe_id uuid primary key references keyframes on delete cascade,
  video_id uuid not null references videos on delete cascade,
  model_id integer not null references models,
  embedding halfvec(512) not null
);
create index keyframe_embeddings_video on keyframe_embeddings (video_id);

-- The signs of the vectors, in a narrow table of their own: scanned whole by Hamming distance.
create table keyframe_bits (
  keyframe_id uuid primary key references keyframes on delete cascade,
  video_id uuid not null references videos on delete cascade,
  model_id integer not null references models,
  bits bit(512) not null
);
create index keyframe_bits_video on keyframe_bits (video_id);

create table video_embeddings (
  video_id uuid primary key references videos on delete cascade,
  model_id integer not null references models,
  model_name text not null,
  embedding vector(512) not null,
  created_at timestamptz not null default now()
);

create table detections (
  id bigint generated always as identity primary key,
  keyframe_id uuid not null references keyframes on delete cascade,
  label text not null,
  source_label text not null,
  confidence double precision not null,
  bbox_x double precision not null,
  bbox_y double precision not null,
  bbox_w double precision not null,
  bbox_h double precision not null,
  model_name text not null
);
create index detections_keyframe on detections (keyframe_id);
create index detections_label on detections (label, confidence);

create table frame_concepts (
  keyframe_id uuid not null references keyframes on delete cascade,
  label text not null,
  score double precision not null,
  model_name text not null,
  primary key (keyframe_id, label)
);
create index frame_concepts_label on frame_concepts (label);

create table activity_segments (
  id bigint generated always as identity primary key,
  video_id uuid not null references videos on delete cascade,
  label text not null,
  start_time double precision not null,
  end_time double precision not null,
  confidence double precision not null,
  metadata jsonb not null default '{}',
  check (end_time > start_time)
);
create index activity_segments_video on activity_segments (video_id);
create index activity_segments_label on activity_segments (label);

create table transcripts (
  id uuid primary key default gen_random_uuid(),
  video_id uuid not null unique references videos on delete cascade,
  full_text text not null,
  language text,
  model_name text not null,
  created_at timestamptz not null default now()
);

create table transcript_segments (
  id bigint generated always as identity primary key,
  transcript_id uuid not null references transcripts on delete cascade,
  start_time double precision not null,
  end_time double precision not null,
  text text not null,
  avg_logprob double precision,
  no_speech_prob double precision
);
create index transcript_segments_transcript on transcript_segments (transcript_id);
create index transcript_segments_text on transcript_segments using gin (to_tsvector('english', text));

create table annotations (
  video_id uuid primary key references videos on delete cascade,
  data jsonb not null,
  sha256 text not null,
  created_at timestamptz not null default now()
);
create index annotations_objects on annotations using gin ((data -> 'objects_detected') jsonb_path_ops);
create index annotations_tags on annotations using gin ((data -> 'tags'));

create table video_tags (
  video_id uuid not null references videos on delete cascade,
  tag text not null,
  source tag_source not null,
  primary key (video_id, tag)
);
create index video_tags_tag on video_tags (tag);

-- What full-text search reads: title, tags, transcript, description of a video, weighted A to D.
create table video_documents (
  video_id uuid primary key references videos on delete cascade,
  document tsvector not null
);
create index video_documents_document on video_documents using gin (document);

-- video_id_b is the later of the two: the one flagged as a duplicate. Nothing is deleted.
create table duplicate_pairs (
  video_id_a uuid not null references videos on delete cascade,
  video_id_b uuid not null references videos on delete cascade,
  similarity double precision not null,
  model_name text not null,
  created_at timestamptz not null default now(),
  primary key (video_id_a, video_id_b),
  check (video_id_a <> video_id_b)
);
create index duplicate_pairs_b on duplicate_pairs (video_id_b);

create table ingestion_tasks (
  id uuid primary key default gen_random_uuid(),
  query text,
  platform text not null,
  urls jsonb not null default '[]',
  path text,
  taxonomy text not null,
  status task_status not null default 'pending',
  max_videos integer not null check (max_videos between 1 and 10000),
  discovery_done boolean not null default false,
  videos_found integer not null default 0,
  videos_processed integer not null default 0,
  videos_failed integer not null default 0,
  videos_duplicate integer not null default 0,
  error_code text,
  error_message text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
create index ingestion_tasks_created on ingestion_tasks (created_at desc, id desc);

-- Each video a task found, and why it was or was not taken. The state of the ingestion itself.
create table candidates (
  id bigint generated always as identity primary key,
  task_id uuid not null references ingestion_tasks on delete cascade,
  platform text not null,
  source_id text not null,
  url text not null,
  title text not null,
  rank integer not null,
  state candidate_state not null,
  reason_code text,
  reason text,
  video_id uuid references videos on delete set null,
  created_at timestamptz not null default now(),
  unique (task_id, platform, source_id)
);
create index candidates_video on candidates (video_id);

-- The checkpoint of each step on each video: what is fresh, stale, slow.
create table step_runs (
  video_id uuid not null references videos on delete cascade,
  step text not null,
  position integer not null,
  version integer not null,
  input_hash text not null,
  model_name text,
  device text,
  state step_state not null,
  reason text,
  message text,
  counts jsonb not null default '{}',
  seconds double precision,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (video_id, step)
);

create table datasets (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  description text,
  filters jsonb not null default '{}',
  video_count integer not null default 0,
  version integer not null default 1,
  taxonomy jsonb not null default '{}',
  created_at timestamptz not null default now()
);

-- An immutable list of what matched when the version was frozen, with the annotation as it was.
create table dataset_videos (
  dataset_id uuid not null references datasets on delete cascade,
  version integer not null,
  video_id uuid not null references videos on delete cascade,
  position integer not null,
  content_sha256 text not null,
  annotation_sha256 text not null,
  annotation jsonb not null,
  primary key (dataset_id, version, video_id)
);
create index dataset_videos_order on dataset_videos (dataset_id, version, position);

-- What happened, for replay to listeners that come back.
create table events (
  id bigint generated always as identity primary key,
  type text not null,
  task_id uuid,
  video_id uuid,
  data jsonb not null,
  created_at timestamptz not null default now()
);
