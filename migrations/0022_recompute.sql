-- Which model makes a library's vectors, boxes and texts, where that is not left to the settings: one
-- that was promoted after a trial, and one that is on trial.
create table model_choices (
  job text primary key check (job in ('clip', 'detector', 'speech')),
  active text,
  promoted_at timestamptz,
  trial text,
  trial_started_at timestamptz
);

-- What a model on trial makes, beside what the library uses: tables of the same names and columns, so
-- that a step's own statements write here once the search path says so. A column added to one of
-- these tables in public is added here as well (test/store/trials.test.ts compares them).
create schema trial;

create table trial.keyframe_embeddings (like keyframe_embeddings including defaults including generated,
  primary key (keyframe_id),
  foreign key (keyframe_id) references keyframes on delete cascade,
  foreign key (video_id) references videos on delete cascade);
create index on trial.keyframe_embeddings (video_id);

create table trial.keyframe_bits (like keyframe_bits including defaults including generated,
  primary key (keyframe_id),
  foreign key (keyframe_id) references keyframes on delete cascade,
  foreign key (video_id) references videos on delete cascade);
create index on trial.keyframe_bits (video_id);

create table trial.video_embeddings (like video_embeddings including defaults including generated,
  primary key (video_id),
  foreign key (video_id) references videos on delete cascade);

create table trial.detections (like detections including defaults including generated including identity,
  primary key (id),
  foreign key (keyframe_id) references keyframes on delete cascade);
create index on trial.detections (keyframe_id);

create table trial.transcripts (like transcripts including defaults including generated,
  primary key (id), unique (video_id),
  foreign key (video_id) references videos on delete cascade);

create table trial.transcript_segments (like transcript_segments including defaults including generated including identity,
  primary key (id),
  foreign key (transcript_id) references trial.transcripts on delete cascade);
create index on trial.transcript_segments (transcript_id);

create table trial.step_runs (like step_runs including defaults including generated,
  primary key (video_id, step),
  foreign key (video_id) references videos on delete cascade);

-- Counts that are kept beside boxes: those of a trial are of no use, and must not replace the others.
create table trial.video_labels (like video_labels including defaults including generated including indexes,
  foreign key (video_id) references videos on delete cascade);
create table trial.video_counts (like video_counts including defaults including generated including indexes,
  foreign key (video_id) references videos on delete cascade);
