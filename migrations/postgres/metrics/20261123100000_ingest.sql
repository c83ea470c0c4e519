-- Minutes in which an app sent an own event, and the series that then takes the generic ones (SPEC section 2).
create table own_minute (
    series_id uuid not null,
    minute    bigint not null,
    replaced  uuid not null,
    primary key (series_id, minute)
);

-- Idempotency keys of calls that were stored, each with the hash of its body; seconds since 1970 say when.
create table idempotency (
    token  uuid not null,
    key    text not null,
    body   bytea not null,
    stored bigint not null,
    primary key (token, key)
);
create index idempotency_stored on idempotency (stored);
