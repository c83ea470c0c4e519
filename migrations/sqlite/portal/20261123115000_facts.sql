-- What the escalation engine rests on, in the order in which it became known; only added to.
create table fact (
    seq    integer primary key,
    id     text not null unique,
    at     integer not null, -- seconds since 1970, never less than that of the fact before
    app_id blob references app (id), -- null: all apps
    kind   text not null,
    line   text not null -- as it is exported
);
create index fact_app on fact (app_id, seq);

-- The last fact; filing another one waits for its row.
create table fact_head (
    id  integer primary key check (id = 1),
    seq integer not null,
    at  integer not null
);
insert into fact_head (id, seq, at) values (1, 0, 0);

create trigger fact_no_update before update on fact begin select raise(abort, 'facts are append-only'); end;
create trigger fact_no_delete before delete on fact begin select raise(abort, 'facts are append-only'); end;
