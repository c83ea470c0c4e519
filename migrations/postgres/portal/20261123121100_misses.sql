-- Times in which a series was below its objective (SPEC section 2). Ticks are whole minutes since 1970.
create table miss (
    id          uuid primary key,
    series_id   uuid not null references series (id),
    app_id      uuid not null references app (id),
    opened_tick bigint not null,
    met_since   bigint, -- the tick since which it is met again
    ended_tick  bigint,
    slo         bigint not null, -- what was missed, in parts per million
    opened_good bigint not null,
    opened_bad  bigint not null,
    excused     boolean not null default false -- the ledger has taken away what opened it
);
create unique index miss_open on miss (series_id) where ended_tick is null; -- at most one open miss per series
create index miss_app on miss (app_id, opened_tick);
