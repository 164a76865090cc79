-- Server form only: HNSW inside WebAssembly costs 12-24 ms an insert and blocks the process, the
-- sign bits serve there. ef_construction 200: the default 64 finds 7 of 10 on frame-like data.
create index keyframe_embeddings_hnsw on keyframe_embeddings
  using hnsw (embedding halfvec_cosine_ops) with (m = 16, ef_construction = 200);
create index video_embeddings_hnsw on video_embeddings
  using hnsw (embedding vector_cosine_ops) with (m = 16, ef_construction = 200);
