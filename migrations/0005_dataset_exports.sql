-- What an archive of a version is and how far it is made; the archive itself is an object.
create table dataset_exports (
  id uuid primary key default gen_random_uuid(),
  dataset_id uuid not null references datasets on delete cascade,
  version integer not null,
  format text not null,
  state text not null default 'pending' check (state in ('pending', 'running', 'done', 'failed')),
  items_done integer not null default 0,
  items_total integer not null,
  bytes bigint,
  -- The run that may write here; a new run takes it over.
  run_id uuid,
  error_message text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (dataset_id, version, format)
);
create index dataset_exports_order on dataset_exports (dataset_id, created_at desc, id desc);

-- Written when a version is frozen, so that a list of datasets reads no video.
alter table datasets add column total_seconds double precision not null default 0;
alter table datasets add column filters_text text;
update datasets d set total_seconds = coalesce((
  select sum(v.duration) from dataset_videos i join videos v on v.id = i.video_id
  where i.dataset_id = d.id and i.version = d.version), 0);
