-- Runs that were started for a task at a service that is paid for each: written before the service is
-- asked, so that a crash finds the run again instead of paying for a second one.
create table source_runs (
  id bigint generated always as identity primary key,
  task_id uuid not null references ingestion_tasks on delete cascade,
  platform text not null,
  actor text not null,
  -- SHA-256 of the actor and its input: the same question asked again is the same run.
  input_hash text not null,
  input jsonb not null,
  -- Null until the service has confirmed the start.
  run_id text,
  dataset_id text,
  -- starting, then the service's own word: RUNNING, SUCCEEDED, FAILED, TIMED-OUT, ABORTED
  state text not null default 'starting',
  -- Dollars: what it may cost at most, and what it cost as far as is known.
  max_usd double precision not null,
  cost_usd double precision,
  started_at timestamptz not null default now(),
  finished_at timestamptz
);
create index source_runs_task on source_runs (task_id, input_hash);
create index source_runs_open on source_runs (task_id) where finished_at is null;

-- What the owner of a task should know about how it was done: a source that failed and what stood in
-- for it, results that could not be used.
create table task_notes (
  task_id uuid not null references ingestion_tasks on delete cascade,
  code text not null,
  message text not null,
  count integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (task_id, code, message)
);
