-- The captions that a platform gave with the video: {"key", "language", "kind": "human"|"automatic",
-- "format": "vtt"|"srt"}, key an object beside the video's file. Null: none, or not looked for.
alter table videos add column captions jsonb;

-- What a transcript was made from; until now always by the speech model.
alter table transcripts
  add column source text not null default 'whisper' check (source in ('whisper', 'captions'));

-- Language of the window that a segment came from, null when not known. words: its words with times,
-- [{"text", "start_time", "end_time", "probability"}] in order; null when they were not asked for.
alter table transcript_segments
  add column language text,
  add column words jsonb;
