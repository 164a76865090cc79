-- A large task is counted at most once a second, and asked from its end whether a video is open.
alter table ingestion_tasks add column counted_at timestamptz;
create index candidates_task_order on candidates (task_id, id);
