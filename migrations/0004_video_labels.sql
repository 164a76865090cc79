-- What each video shows, in one narrow row per label: lists, facets and totals read these instead of
-- every box of the library. The steps write them in the transaction that writes the boxes.
create type label_kind as enum ('object', 'source', 'concept', 'activity');

create table video_labels (
  video_id uuid not null references videos on delete cascade,
  -- object: the taxonomy's word of boxes; source: the detector's own word, where it is another one
  kind label_kind not null,
  label text not null,
  -- Boxes, keyframes of a concept, or segments of an activity.
  count integer not null,
  max_confidence double precision not null,
  -- A concept that the same video has as an object too: one of the two is counted.
  is_repeat boolean not null default false,
  primary key (video_id, kind, label)
);
create index video_labels_label on video_labels (label, kind, max_confidence);

create table video_counts (
  video_id uuid primary key references videos on delete cascade,
  keyframes integer not null,
  detections integer not null,
  concepts integer not null,
  activities integer not null
);

insert into video_labels (video_id, kind, label, count, max_confidence)
select k.video_id, 'object', d.label, count(*), max(d.confidence)
from detections d join keyframes k on k.id = d.keyframe_id
group by k.video_id, d.label;

insert into video_labels (video_id, kind, label, count, max_confidence)
select k.video_id, 'source', d.source_label, count(*), max(d.confidence)
from detections d join keyframes k on k.id = d.keyframe_id
where d.source_label <> d.label
group by k.video_id, d.source_label;

insert into video_labels (video_id, kind, label, count, max_confidence, is_repeat)
select k.video_id, 'concept', c.label, count(*), max(c.score),
  exists (select from video_labels o
    where o.video_id = k.video_id and o.kind = 'object' and o.label = c.label)
from frame_concepts c join keyframes k on k.id = c.keyframe_id
group by k.video_id, c.label;

insert into video_labels (video_id, kind, label, count, max_confidence)
select video_id, 'activity', label, count(*), max(confidence)
from activity_segments group by video_id, label;

insert into video_counts (video_id, keyframes, detections, concepts, activities)
select v.id,
  (select count(*) from keyframes k where k.video_id = v.id),
  coalesce((select sum(l.count) from video_labels l where l.video_id = v.id and l.kind = 'object'), 0),
  coalesce((select sum(l.count) from video_labels l where l.video_id = v.id and l.kind = 'concept'), 0),
  coalesce((select sum(l.count) from video_labels l where l.video_id = v.id and l.kind = 'activity'), 0)
from videos v;

alter table transcripts add column has_speech boolean not null
  generated always as (full_text ~ '[^[:space:]]') stored;
create index transcripts_speech on transcripts (video_id) where has_speech;
