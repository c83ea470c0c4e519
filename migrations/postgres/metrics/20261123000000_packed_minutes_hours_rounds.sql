-- The minutes of a day of a series, packed, up to `until` (minutes since 1970, not included). What was counted after they were
-- packed stands in count_minute; readers add up both.
create table count_packed (
    series_id uuid not null,
    day       bigint not null,
    until     bigint not null,
    counts    bytea not null,
    latency   bytea not null,
    primary key (series_id, day)
);

-- Hours, numbered since 1970, of packed minutes.
create table count_hour (
    series_id uuid not null,
    hour      bigint not null,
    good      bigint not null,
    bad       bigint not null,
    latency   bytea not null,
    primary key (series_id, hour)
);
-- The evaluation looks at series with bad events only.
drop index count_minute_minute;
create index count_minute_bad on count_minute (minute) where bad > 0;
create index count_hour_bad on count_hour (hour) where bad > 0;

-- A probe that is no measurement is kept for the record and counted nowhere.
alter table probe add column counted boolean not null default true;

-- One row per ten seconds, numbered since 1970: how the probes that were due in them ended, and how many canaries failed.
create table probing_round (
    round            bigint primary key,
    good             bigint not null,
    bad              bigint not null,
    canaries         bigint not null,
    canaries_failed  bigint not null
);
create index probing_round_failed on probing_round (round) where canaries_failed > 0;
