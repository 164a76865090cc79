-- How fast each platform may be asked, over all workers: a bucket of turns that fills again by itself.
create table rate_limits (
  -- A platform's name, or host:NAME for any other site.
  platform text primary key,
  tokens double precision not null,
  refilled_at timestamptz not null default clock_timestamp(),
  -- Nothing is asked before: the platform wanted patience or a proof that we are no robot.
  cooldown_until timestamptz,
  cooldown_code text,
  -- Cool-downs in a row without a success between them: each is longer than the one before.
  strikes integer not null default 0
);

-- What only so many may do at once, over all workers: one row for each holder, renewed while it lives.
create table leases (
  name text not null,
  slot integer not null,
  holder uuid not null,
  held_until timestamptz not null,
  primary key (name, slot)
);
create index leases_holder on leases (holder);
