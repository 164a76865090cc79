-- A task goes on until it has as many good videos as were asked for; what decides that, and what it costs.
alter table ingestion_tasks
  -- Queries tried one after the other once the plain one brings no more.
  add column variants jsonb not null default '[]',
  add column duplicates text not null default 'allow' check (duplicates in ('allow', 'skip')),
  -- 0–1; null: off-topic videos are not looked for.
  add column min_relevance double precision,
  -- Hard caps; null: none.
  add column max_bytes bigint,
  add column max_seconds double precision,
  add column max_usd double precision,
  -- Where discovery goes on: {variant, limit}.
  add column position jsonb not null default '{"variant": 0, "limit": null}',
  -- Nothing more is to be had: the sources ended, or a cap was reached.
  add column sources_ended boolean not null default false,
  -- A video was lost after discovery had enough: another one is to take its place.
  add column refill_due boolean not null default false;
create index ingestion_tasks_refill on ingestion_tasks (id) where refill_due;

alter table candidates
  -- The query variant that found it; null for the plain query.
  add column variant text,
  -- 0–1, how well the video fits the query; null when not measured.
  add column relevance double precision,
  -- When the task's rules for duplicates and relevance were applied to the video.
  add column judged_at timestamptz,
  -- It took the place of a video that was lost.
  add column replacement boolean not null default false,
  -- Size that the source states.
  add column bytes bigint,
  -- state found: all that is needed to take it later.
  add column detail jsonb;
create index candidates_spare on candidates (task_id, rank, id) where state = 'found';
