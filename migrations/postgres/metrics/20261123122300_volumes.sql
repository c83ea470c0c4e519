-- How many events of an SLI and product arrived in time, over all apps; what ingest gaps are told by (SPEC section 2.1).
-- Minutes and hours since 1970.
create table volume_minute (
    minute  bigint not null,
    sli     text not null,
    product text not null,
    events  bigint not null,
    primary key (minute, sli, product)
);
create table volume_hour (
    hour    bigint not null,
    sli     text not null,
    product text not null,
    events  bigint not null,
    primary key (hour, sli, product)
);
