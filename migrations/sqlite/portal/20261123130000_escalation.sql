-- Where an app stands after the last fact that was worked off; times are seconds since 1970.
create table standing (
    app_id    blob primary key references app (id),
    state     text not null,
    baseline  integer not null,
    entered   integer not null,
    demoted   integer,
    deadline  integer,
    clears    integer,
    paused    boolean not null,
    due       integer, -- when a rule may hold next by itself
    facts_seq integer not null, -- the last fact that was worked off
    decisions integer not null, -- how many there are
    error     text -- why the engine has stopped for this app
);
create index standing_due on standing (due);

-- What was decided, only added to.
create table decision (
    id             text primary key,
    app_id         blob not null references app (id),
    number         integer not null, -- 0 for the first of the app
    at             integer not null, -- seconds since 1970
    from_state     text not null,
    to_state       text not null,
    rule           text not null,
    because        text not null, -- ids of facts, as a JSON list
    policy_version integer not null,
    explanation    text not null,
    inputs         text not null, -- SHA-256 of the policy and the facts that it follows from, in hex
    recorded_at    text not null,
    unique (app_id, number)
);

create trigger decision_no_update before update on decision begin select raise(abort, 'decisions are append-only'); end;
create trigger decision_no_delete before delete on decision begin select raise(abort, 'decisions are append-only'); end;
