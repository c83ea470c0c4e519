-- What the escalation engine rests on, in the order in which it became known; only added to.
create table fact (
    seq    bigint primary key,
    id     text not null unique,
    at     bigint not null, -- seconds since 1970, never less than that of the fact before
    app_id uuid references app (id), -- null: all apps
    kind   text not null,
    line   text not null -- as it is exported
);
create index fact_app on fact (app_id, seq);

-- The last fact; filing another one waits for its row.
create table fact_head (
    id  integer primary key check (id = 1),
    seq bigint not null,
    at  bigint not null
);
insert into fact_head (id, seq, at) values (1, 0, 0);

create function facts_are_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'facts are append-only';
end $$;
create trigger fact_no_change before update or delete on fact for each row execute function facts_are_append_only();
create trigger fact_no_truncate before truncate on fact for each statement execute function facts_are_append_only();
