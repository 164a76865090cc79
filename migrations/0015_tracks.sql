alter table detections
  -- Which boxes of a video are one object, 1 … n by first appearance; null where nobody has looked yet.
  add column track_id integer check (track_id > 0),
  -- The detector of the 80 everyday classes, or one that was given words to look for.
  add column source text not null default 'detector'
    check (source in ('detector', 'open_vocabulary'));

-- Different objects of a label, by their tracks: 0 before anybody looked, null for other kinds.
alter table video_labels add column tracks integer;
update video_labels set tracks = 0 where kind = 'object';

-- What an open-vocabulary detector looks for: null nothing, [] the taxonomy's words, else these words.
alter table ingestion_tasks add column open_vocabulary jsonb;
alter table videos add column open_vocabulary jsonb;
