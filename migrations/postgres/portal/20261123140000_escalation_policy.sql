-- The escalation policy (SPEC section 6), from version 2 on; version 1 is the standard, which the program knows. A version
-- holds from the time of its fact `policy_published` on, which is filed when it starts.
create table escalation_policy (
    version      bigint primary key,
    starts       bigint not null, -- seconds since 1970
    document     text not null,
    published_by uuid not null references account (id),
    published_at timestamptz not null,
    reason       text not null
);
create trigger escalation_policy_no_change before update or delete on escalation_policy
    for each row execute function policies_are_never_edited();
create trigger escalation_policy_no_truncate before truncate on escalation_policy
    for each statement execute function policies_are_never_edited();

-- Replays of the stored history of all apps under a draft of the policy.
create table what_if (
    id           text primary key,
    account_id   uuid not null references account (id),
    base         bigint not null, -- the version that the draft is based on
    draft        text not null,
    starts       bigint, -- seconds since 1970; null: as soon as it is published
    asked_at     timestamptz not null,
    as_of        bigint, -- the time up to which history is replayed, in seconds since 1970
    status       text not null check (status in ('waiting', 'running', 'finished', 'cancelled')),
    locked_until timestamptz not null, -- another server takes a run over that is not renewed
    done         bigint not null default 0, -- apps
    total        bigint not null default 0,
    stopped      bigint not null default 0, -- apps whose facts contradict each other
    ended_at     timestamptz
);
create index what_if_asked on what_if (asked_at);

-- How many apps a run found in a state, under the published policies and under the draft.
create table what_if_state (
    what_if_id text not null references what_if (id) on delete cascade,
    state      text not null,
    by_draft   text not null,
    apps       bigint not null,
    primary key (what_if_id, state, by_draft)
);

-- The apps that differ.
create table what_if_app (
    what_if_id       text not null references what_if (id) on delete cascade,
    app_id           uuid not null references app (id),
    state            text not null,
    by_draft         text not null, -- the state, had the draft held from the beginning
    later            text not null, -- at the end of the draft's transition, without it
    later_with_draft text not null,
    decisions        bigint not null, -- those that differ
    first_at         bigint, -- the first of them, in seconds since 1970
    primary key (what_if_id, app_id)
);
