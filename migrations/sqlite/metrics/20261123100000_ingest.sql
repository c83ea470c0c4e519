-- Minutes in which an app sent an own event, and the series that then takes the generic ones (SPEC section 2).
create table own_minute (
    series_id blob not null,
    minute    integer not null,
    replaced  blob not null,
    primary key (series_id, minute)
) without rowid;

-- Idempotency keys of calls that were stored, each with the hash of its body; seconds since 1970 say when.
create table idempotency (
    token  blob not null,
    key    text not null,
    body   blob not null,
    stored integer not null,
    primary key (token, key)
) without rowid;
create index idempotency_stored on idempotency (stored);
