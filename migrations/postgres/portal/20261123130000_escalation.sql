-- Where an app stands after the last fact that was worked off; times are seconds since 1970.
create table standing (
    app_id    uuid primary key references app (id),
    state     text not null,
    baseline  bigint not null,
    entered   bigint not null,
    demoted   bigint,
    deadline  bigint,
    clears    bigint,
    paused    boolean not null,
    due       bigint, -- when a rule may hold next by itself
    facts_seq bigint not null, -- the last fact that was worked off
    decisions bigint not null, -- how many there are
    error     text -- why the engine has stopped for this app
);
create index standing_due on standing (due);

-- What was decided, only added to.
create table decision (
    id             text primary key,
    app_id         uuid not null references app (id),
    number         bigint not null, -- 0 for the first of the app
    at             bigint not null, -- seconds since 1970
    from_state     text not null,
    to_state       text not null,
    rule           text not null,
    because        jsonb not null, -- ids of facts, as a JSON list
    policy_version bigint not null,
    explanation    text not null,
    inputs         text not null, -- SHA-256 of the policy and the facts that it follows from, in hex
    recorded_at    timestamptz not null,
    unique (app_id, number)
);

create function decisions_are_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'decisions are append-only';
end $$;
create trigger decision_no_change before update or delete on decision for each row execute function decisions_are_append_only();
create trigger decision_no_truncate before truncate on decision for each statement execute function decisions_are_append_only();
