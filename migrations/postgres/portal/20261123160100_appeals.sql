-- What an appeal is about; when, by whom and why it was opened stands with its fact.
create table appeal (
    fact   text primary key, -- the fact `appeal_opened`
    app_id uuid not null references app (id),
    about  jsonb not null -- ids of breaches and misses, as a JSON list
);

-- What was decided on it; by whom and why stands with the fact that closed it.
create table appeal_verdict (
    appeal  text primary key references appeal (fact),
    fact    text not null unique, -- the fact `appeal_closed`
    granted boolean not null,
    effect  text not null -- in words, as the owners were told
);

-- Appeals are few among the facts.
create index fact_appeal on fact (app_id, seq) where kind in ('appeal_opened', 'appeal_closed');
