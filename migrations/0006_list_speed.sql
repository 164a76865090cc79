-- Lists, facets and totals over ten thousand videos without reading every row of every table.

-- Everything a facet counts of a video, as one text: labels and tags, each with a letter before it
-- (o object or concept, a activity, t tag), joined by the character 31.
alter table video_counts add column facets text not null default '';

update video_counts c set facets = coalesce((
  select string_agg(value, chr(31)) from (
    select case l.kind when 'activity' then 'a' else 'o' end || translate(l.label, chr(31), ' ') as value
    from video_labels l where l.video_id = c.video_id and l.kind <> 'source' and not l.is_repeat
    union all
    select 't' || translate(t.tag, chr(31), ' ') from video_tags t where t.video_id = c.video_id
  ) f), '');

create index videos_title on videos ((left(lower(title), 200) collate "C"), id);
create index videos_shortest on videos ((coalesce(duration, 'infinity'::float8)), id);
create index videos_longest on videos ((coalesce(duration, -1)), id);
create index video_tags_lower on video_tags (lower(tag));
