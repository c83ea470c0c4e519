-- The approval of an app (SPEC section 3): a ticket for each time its owner asks for it, at most one of them open.
create table approval_ticket (
    id         blob primary key,
    app_id     blob not null references app (id),
    opened_at  text not null,
    opened_by  blob not null references account (id),
    ready_at   text, -- when program managers were told that everything required is done
    decided_at text,
    decided_by blob references account (id),
    approved   boolean,
    why        text
);
create unique index approval_ticket_open on approval_ticket (app_id) where decided_at is null;
create index approval_ticket_app on approval_ticket (app_id, opened_at);

-- What is not asked of an app up to and including a day, or the request for that.
create table checklist_waiver (
    id         blob primary key,
    app_id     blob not null references app (id),
    item       text not null,
    asked_by   blob references account (id), -- null where nobody had asked
    asked_at   text,
    asked_why  text,
    granted_by blob references account (id), -- null while it is only asked for
    granted_at text,
    until      text,
    why        text,
    ended_by   blob references account (id), -- who declined the request, or took the waiver back
    ended_at   text,
    ended_why  text
);
create unique index checklist_waiver_item on checklist_waiver (app_id, item) where ended_at is null;
create index checklist_waiver_app on checklist_waiver (app_id);

-- What the partner said of a series after they saw it. The latest one of a series counts.
create table series_review (
    id          blob primary key,
    app_id      blob not null references app (id),
    series_id   blob not null references series (id),
    flagged     boolean not null, -- whether data are suspicious or missing
    note        text not null,
    said_by     blob not null references account (id),
    said_at     text not null,
    answer      text,
    answered_by blob references account (id),
    answered_at text
);
create index series_review_app on series_review (app_id, said_at);

-- The developer-first-rollout instances that a partner has of the products of an app.
create table rollout_instance (
    id         blob primary key,
    app_id     blob not null references app (id),
    product    text not null,
    site       text not null,
    added_by   blob not null references account (id),
    added_at   text not null,
    removed_at text
);
create unique index rollout_instance_site on rollout_instance (app_id, product, site) where removed_at is null;

-- Who of the operations contacts has watched the training, as the partner says.
create table training (
    app_id     blob primary key references app (id),
    watched_by text not null,
    said_by    blob not null references account (id),
    said_at    text not null
);
