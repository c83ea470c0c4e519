-- An announced withdrawal of the designation of an app whose readiness document expired (SPEC section 3).
create table withdrawal (
    id           blob primary key,
    app_id       blob not null references app (id),
    announced_by blob not null references account (id),
    announced_at text not null,
    effective_at text not null,
    why          text not null,
    ended_at     text, -- when it was carried out, called off, or no longer needed
    ended_by     blob references account (id), -- who called it off
    ended_why    text
);
create unique index withdrawal_open on withdrawal (app_id) where ended_at is null;
create index withdrawal_due on withdrawal (effective_at) where ended_at is null;
