-- Pieces of imported files, by a hash over the file up to their end, so that what was imported is not imported again.
create table imported (
    hash blob primary key,
    at   text not null
);
