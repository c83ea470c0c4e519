-- Counted breaches of an app that overlap or follow each other within 6 h (SPEC section 2).
create table occurrence (
    id           uuid primary key,
    app_id       uuid not null references app (id),
    breach       text not null unique, -- its name in facts: the incident id of the breach that counted first
    opened_tick  bigint not null,
    counted_tick bigint not null,
    ended_tick   bigint,              -- null while one of its breaches is open
    closed_tick  bigint,              -- 6 h later
    excused      boolean not null
);
create index occurrence_app on occurrence (app_id);
create index occurrence_waiting on occurrence (ended_tick) where closed_tick is null;

alter table episode add column occurrence_id uuid references occurrence (id);
create index episode_occurrence on episode (occurrence_id);
-- What the ledger leaves of a breach (SPEC section 5); the figures are null until it counts or closes.
alter table episode add column excused boolean not null default false;
alter table episode add column raw_good bigint;
alter table episode add column raw_bad bigint;
alter table episode add column adjusted_good bigint;
alter table episode add column adjusted_bad bigint;

alter table ledger add column revoked_by uuid references account (id);
alter table ledger add column revoked_why text;
create index ledger_entered on ledger (entered_at);

-- Grows with every change of the ledger, so that what was decided on an older one is decided again.
insert into progress (job, tick) values ('ledger', 0);
