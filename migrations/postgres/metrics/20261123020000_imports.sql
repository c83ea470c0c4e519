-- Pieces of imported files, by a hash over the file up to their end, so that what was imported is not imported again.
create table imported (
    hash bytea primary key,
    at   timestamptz not null
);
