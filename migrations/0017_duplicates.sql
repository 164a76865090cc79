-- The keyframes of a video as pictures of 32 x 32 grey pixels, one after the other in order of time:
-- what tells a copy from another take of the same scene. One row a video: a comparison reads one row.
create table video_prints (
  video_id uuid primary key references videos on delete cascade,
  times double precision[] not null,
  prints bytea not null,
  check (octet_length(prints) = 1024 * cardinality(times))
);
-- Noise to a compressor, and read as a whole.
alter table video_prints alter column prints set storage external;

-- video_id_b is the one of lesser quality: the one flagged, when is_duplicate. kind null: a pair of
-- before, not compared yet; it counts as it did. Stretches are seconds in each video's own time.
alter table duplicate_pairs
  add column kind text check (kind in ('exact', 're-encode', 'excerpt', 'same-scene')),
  add column start_a double precision,
  add column end_a double precision,
  add column start_b double precision,
  add column end_b double precision,
  add column is_mirrored boolean not null default false,
  add column speed double precision not null default 1,
  add column sameness double precision,
  add column is_duplicate boolean not null default true;
create index duplicate_pairs_flagged on duplicate_pairs (video_id_b) where is_duplicate;

-- What a person said of two videos; video_id_a is the lesser id. Outlives every recomputation.
create table duplicate_verdicts (
  video_id_a uuid not null references videos on delete cascade,
  video_id_b uuid not null references videos on delete cascade,
  verdict text not null check (verdict in ('duplicate', 'different')),
  created_at timestamptz not null default now(),
  primary key (video_id_a, video_id_b),
  check (video_id_a < video_id_b)
);
create index duplicate_verdicts_b on duplicate_verdicts (video_id_b);
