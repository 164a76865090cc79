-- The shots of a video, as an adaptive threshold found them. keyframes.shot_index counts by them, and
-- keyframes.is_scene_change keeps its own plain meaning. A video processed before has no rows here:
-- its shots are those of its keyframes, until its frames are taken again.
create table shots (
  video_id uuid not null references videos (id) on delete cascade,
  -- From 0, without gaps, in order of time.
  shot_index integer not null check (shot_index >= 0),
  -- Seconds on the video's timeline. The first begins at 0, each where the one before ends.
  start_time double precision not null,
  end_time double precision not null check (end_time >= start_time),
  -- What it begins with.
  transition text not null check (transition in ('start', 'cut', 'dissolve', 'fade')),
  -- How unlike the pictures before and after are, 0-1; null for the first.
  strength real check (strength between 0 and 1),
  primary key (video_id, shot_index)
);
