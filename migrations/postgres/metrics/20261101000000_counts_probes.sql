-- Counts. Minutes, hours and days are numbered since 1970; late_* is the part that arrived after the first evaluation that
-- was due to see its minute; excluded_* are events that the sender itself marked, left out of good and bad.
create table count_minute (
    series_id               uuid not null,
    minute                  bigint not null,
    good                    bigint not null,
    bad                     bigint not null,
    late_good               bigint not null,
    late_bad                bigint not null,
    excluded_platform_fault bigint not null default 0,
    excluded_site           bigint not null default 0,
    excluded_scanner        bigint not null default 0,
    latency                 bytea not null,
    primary key (series_id, minute)
);
-- The evaluation reads the last minutes of every series.
create index count_minute_minute on count_minute (minute);

create table count_day (
    series_id uuid not null,
    day       bigint not null,
    good      bigint not null,
    bad       bigint not null,
    minutes   bigint not null, -- minutes with an event
    latency   bytea not null,
    primary key (series_id, day)
);

-- One row per probe. Durations are microseconds; at is microseconds since 1970.
create table probe (
    series_id  uuid not null,
    at         bigint not null,
    good       boolean not null,
    status     bigint,
    class      text,
    reason     text,
    address    text,
    dns        bigint,
    connect    bigint,
    tls        bigint,
    first_byte bigint,
    total      bigint not null,
    primary key (series_id, at)
);
create index probe_bad on probe (series_id, at) where not good;
