-- Lists, facets and totals over ten thousand videos without reading every row of every table.

-- Everything a facet counts of a video: one character per value, see 0008.
alter table video_counts add column facets text not null default '';

create index videos_title on videos ((left(lower(title), 200) collate "C"), id);
create index videos_shortest on videos ((coalesce(duration, 'infinity'::float8)), id);
create index videos_longest on videos ((coalesce(duration, -1)), id);
create index video_tags_lower on video_tags (lower(tag));
