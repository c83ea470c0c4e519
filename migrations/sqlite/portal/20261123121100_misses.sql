-- Times in which a series was below its objective (SPEC section 2). Ticks are whole minutes since 1970.
create table miss (
    id          blob primary key,
    series_id   blob not null references series (id),
    app_id      blob not null references app (id),
    opened_tick integer not null,
    met_since   integer, -- the tick since which it is met again
    ended_tick  integer,
    slo         integer not null, -- what was missed, in parts per million
    opened_good integer not null,
    opened_bad  integer not null,
    excused     boolean not null default false -- the ledger has taken away what opened it
);
create unique index miss_open on miss (series_id) where ended_tick is null; -- at most one open miss per series
create index miss_app on miss (app_id, opened_tick);
