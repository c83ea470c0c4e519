-- The data gaps for which every app was frozen, each with the fact `frozen` that it led to or that it met. How long a gap
-- lasted, and what caused it, stands in the ledger.
create table freeze_cause (
    gap  uuid primary key references ledger (id),
    fact text not null
);
create index freeze_cause_fact on freeze_cause (fact);

-- The freezes of Rampart's own that a program manager keeps: they do not thaw by themselves.
create table freeze_kept (
    fact    text primary key,
    kept_by uuid not null references account (id),
    kept_at timestamptz not null,
    why     text not null
);

-- Which freeze is in force is asked whenever a page shows it.
create index fact_of_all_apps on fact (seq) where app_id is null;
