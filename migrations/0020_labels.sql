-- What a concept's score is. All scores so far are shares of a softmax.
alter table frame_concepts
  add column score_kind text not null default 'softmax_share'
    check (score_kind in ('softmax_share', 'background_quantile')),
  -- Below the threshold of a label, but enough for an activity that is there to go on.
  add column is_weak boolean not null default false;

-- Of concepts: what max_confidence is. Null for everything else.
alter table video_labels add column score_kind text
  check (score_kind in ('softmax_share', 'background_quantile'));
update video_labels set score_kind = 'softmax_share' where kind = 'concept';

-- Vectors of a taxonomy's prompts, each the mean over its templates: the same for every video, and
-- slow to make anew in every process.
create table prompt_vectors (
  model_name text not null,
  model_revision text not null,
  -- sha256 in hex of the texts it is the mean of.
  texts_hash text not null,
  embedding vector not null,
  primary key (model_name, model_revision, texts_hash)
);
