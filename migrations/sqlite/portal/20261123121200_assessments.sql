-- What a partner said of a breach (SPEC section 2). A breach without a row was not looked at.
create table assessment (
    episode_id  blob primary key references episode (id),
    verdict     text not null,
    note        text not null,
    version     integer not null,
    assessed_by blob not null references account (id),
    assessed_at text not null
);
