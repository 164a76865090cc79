-- Who wants to be told what over HTTP.
create table webhooks (
  id uuid primary key default gen_random_uuid(),
  url text not null,
  description text,
  event_types text[] not null,
  -- Only what is about this task and its videos.
  task_id uuid references ingestion_tasks on delete cascade,
  -- Signing needs it as it is. The old one signs beside it until its time is over.
  secret text not null,
  old_secret text,
  old_secret_until timestamptz,
  -- The receiver asked for patience: nothing is sent before.
  paused_until timestamptz,
  disabled_at timestamptz,
  disabled_reason text,
  -- The last time that it took something.
  delivered_at timestamptz,
  created_at timestamptz not null default now()
);
create index webhooks_order on webhooks (created_at desc, id desc);

-- One message for one webhook, written with its event. Events are dropped after a day, tries go on for
-- three: what is sent is kept here.
create table deliveries (
  id uuid primary key default gen_random_uuid(),
  webhook_id uuid not null references webhooks on delete cascade,
  -- Null for a test message.
  event_id bigint,
  type text not null,
  event_time timestamptz not null default now(),
  data jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  tries integer not null default 0,
  due_at timestamptz not null default now(),
  -- Who sends it now; given anew when that one was killed.
  lease_id uuid,
  leased_until timestamptz,
  attempts jsonb not null default '[]',
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (webhook_id, event_id)
);
create index deliveries_due on deliveries (webhook_id, due_at) where state = 'pending';
create index deliveries_order on deliveries (webhook_id, created_at desc, id desc);
create index deliveries_finished on deliveries (finished_at) where state <> 'pending';
