-- The latest ingest gap of each SLI and product, as far as it is entered in the ledger; minutes since 1970.
create table ingest_gap (
    sli         text not null,
    product     text not null,
    from_minute integer not null,
    to_minute   integer not null,
    primary key (sli, product)
);
