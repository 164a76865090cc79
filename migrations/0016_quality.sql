-- How good the picture and sound of a video are as material: scores, which decide nothing by
-- themselves. Null: not measured, for a video processed before or without pictures or a model.
-- Definitions, units and sources: src/media/quality.ts.
create table video_quality (
  video_id uuid primary key references videos (id) on delete cascade,
  sharpness real check (sharpness >= 0),
  brightness real check (brightness between 0 and 1),
  clipped_share real check (clipped_share between 0 and 1),
  motion real check (motion between 0 and 1),
  black_share real check (black_share between 0 and 1),
  frozen_share real check (frozen_share between 0 and 1),
  overlay_share real check (overlay_share between 0 and 1),
  slide_show real check (slide_show between 0 and 1),
  screen_recording real check (screen_recording between 0 and 1),
  speech_share real check (speech_share between 0 and 1)
);
