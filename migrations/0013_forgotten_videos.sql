-- What was taken out of the library for good: just enough to know it again and never fetch it.
create table forgotten_videos (
  video_id uuid primary key,
  platform text not null,
  source_id text not null,
  url_sha256 text not null,
  content_sha256 text,
  reason text not null,
  forgotten_at timestamptz not null default now(),
  -- To be deleted: the video's folder (with a slash at its end), its upload, archives that held it.
  objects jsonb not null default '[]',
  -- When the store was last emptied of it with nobody left who could write; null: still to be done.
  swept_at timestamptz,
  -- Since when it may be fetched again; the row goes once it is swept.
  allowed_at timestamptz
);
create index forgotten_videos_order on forgotten_videos (forgotten_at desc, video_id desc);
create index forgotten_videos_content on forgotten_videos (content_sha256);
create index forgotten_videos_unswept on forgotten_videos (video_id) where swept_at is null;

-- SHA-256 of every address it was found under: platform and id there, and the URL.
create table forgotten_addresses (
  address_sha256 text not null,
  video_id uuid not null references forgotten_videos on delete cascade,
  primary key (address_sha256, video_id)
);
create index forgotten_addresses_video on forgotten_addresses (video_id);

-- A video that goes leaves its datasets; else each would be read from end to end.
create index dataset_videos_video on dataset_videos (video_id);

-- Videos that were in the frozen version and have been taken out since.
alter table datasets add column removed_count integer not null default 0;
