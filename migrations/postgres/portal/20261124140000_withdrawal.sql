-- An announced withdrawal of the designation of an app whose readiness document expired (SPEC section 3).
create table withdrawal (
    id           uuid primary key,
    app_id       uuid not null references app (id),
    announced_by uuid not null references account (id),
    announced_at timestamptz not null,
    effective_at timestamptz not null,
    why          text not null,
    ended_at     timestamptz, -- when it was carried out, called off, or no longer needed
    ended_by     uuid references account (id), -- who called it off
    ended_why    text
);
create unique index withdrawal_open on withdrawal (app_id) where ended_at is null;
create index withdrawal_due on withdrawal (effective_at) where ended_at is null;
