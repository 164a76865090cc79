-- The values that facets count, numbered: a video's are then one short text of a character each,
-- chr(57344 + id), and ten thousand videos are counted by looking at characters.
create table facet_values (
  id integer generated always as identity primary key,
  -- o: object or concept, a: activity, t: tag
  kind "char" not null,
  label text not null,
  unique (kind, label)
);

insert into facet_values (kind, label)
select case kind when 'activity' then 'a' else 'o' end::"char", label
from video_labels where kind <> 'source'
union
select 't', tag from video_tags;

update video_counts c set facets = coalesce((
  select string_agg(chr(57344 + f.id), '') from (
    select case l.kind when 'activity' then 'a' else 'o' end::"char" as kind, l.label
    from video_labels l where l.video_id = c.video_id and l.kind <> 'source' and not l.is_repeat
    union all
    select 't', t.tag from video_tags t where t.video_id = c.video_id
  ) v join facet_values f using (kind, label)), '');
