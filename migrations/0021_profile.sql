-- How much work was done for a step's result: `exact` or `fast`. Null: before there was a choice.
alter table step_runs add column profile text check (profile in ('exact', 'fast'));
