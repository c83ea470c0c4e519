-- Counts. Minutes, hours and days are numbered since 1970; late_* is the part that arrived after the first evaluation that
-- was due to see its minute; excluded_* are events that the sender itself marked, left out of good and bad.
create table count_minute (
    series_id               blob not null,
    minute                  integer not null,
    good                    integer not null,
    bad                     integer not null,
    late_good               integer not null,
    late_bad                integer not null,
    excluded_platform_fault integer not null default 0,
    excluded_site           integer not null default 0,
    excluded_scanner        integer not null default 0,
    latency                 blob not null,
    primary key (series_id, minute)
) without rowid;
-- The evaluation reads the last minutes of every series.
create index count_minute_minute on count_minute (minute);

create table count_day (
    series_id blob not null,
    day       integer not null,
    good      integer not null,
    bad       integer not null,
    minutes   integer not null, -- minutes with an event
    latency   blob not null,
    primary key (series_id, day)
) without rowid;

-- One row per probe. Durations are microseconds; at is microseconds since 1970.
create table probe (
    series_id  blob not null,
    at         integer not null,
    good       boolean not null,
    status     integer,
    class      text,
    reason     text,
    address    text,
    dns        integer,
    connect    integer,
    tls        integer,
    first_byte integer,
    total      integer not null,
    primary key (series_id, at)
) without rowid;
create index probe_bad on probe (series_id, at) where not good;
