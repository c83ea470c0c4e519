-- Events that an app's own ones replaced are counted in a series beside the counted one: source is 'replaced' there, else ''.
-- SQLite cannot change a unique constraint, so the table is made anew; what refers to it is checked at the end.
pragma defer_foreign_keys = on;
create temporary table series_before as select * from series;
drop table series;
create table series (
    id         blob primary key,
    app_id     blob not null references app (id),
    product    text not null,
    sli        text not null,
    grp        text not null,
    target     text not null,
    source     text not null default '',
    created_at text not null,
    ended_at   text, -- no longer measured; its history stays
    unique (app_id, product, sli, grp, target, source)
);
insert into series (id, app_id, product, sli, grp, target, created_at, ended_at)
select id, app_id, product, sli, grp, target, created_at, ended_at from series_before;
drop table series_before;
