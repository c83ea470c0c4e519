-- The readiness document of an app (SPEC section 3).
create table readiness_document (
    app_id        uuid primary key references app (id),
    questionnaire bigint not null, -- the version that is answered
    state         text not null,
    answered      bigint not null, -- of the required questions that are asked now
    required      bigint not null,
    submissions   bigint not null  -- how many there are
);

-- What is answered now; the answer is null once it was taken back.
create table readiness_answer (
    app_id     uuid not null references readiness_document (app_id),
    question   text not null,
    version    bigint not null, -- grows with each save, from 1
    answer     text, -- JSON
    account_id uuid not null references account (id), -- who saved it last
    saved_at   timestamptz not null,
    primary key (app_id, question)
);

-- Everybody who ever answered: nobody reviews what they wrote.
create table readiness_author (
    app_id     uuid not null references readiness_document (app_id),
    account_id uuid not null references account (id),
    primary key (app_id, account_id)
);

-- What was submitted, as it was signed; only added to.
create table readiness_submission (
    app_id       uuid not null references readiness_document (app_id),
    number       bigint not null, -- from 1
    content      text not null, -- JSON
    sha256       text not null, -- of the content
    account_id   uuid not null references account (id),
    submitted_at timestamptz not null,
    primary key (app_id, number)
);

-- What a reviewer says of an answer of a submission, until the decision.
create table readiness_review (
    app_id      uuid not null,
    submission  bigint not null,
    question    text not null,
    verdict     text not null,
    note        text not null, -- Markdown; empty for what is accepted
    account_id  uuid not null references account (id),
    reviewed_at timestamptz not null,
    primary key (app_id, submission, question),
    foreign key (app_id, submission) references readiness_submission (app_id, number)
);

-- What was decided on a submission; only added to.
create table readiness_decision (
    app_id     uuid not null,
    submission bigint not null,
    decision   text not null,
    reason     text not null,
    sha256     text not null, -- of what the reviewer had before them
    account_id uuid not null references account (id),
    decided_at timestamptz not null,
    expires_at timestamptz, -- of an approval
    primary key (app_id, submission),
    foreign key (app_id, submission) references readiness_submission (app_id, number)
);
create index readiness_decision_expires on readiness_decision (expires_at) where expires_at is not null;

create function readiness_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'submissions and decisions are append-only';
end $$;
create trigger readiness_submission_no_change before update or delete on readiness_submission for each row execute function readiness_is_append_only();
create trigger readiness_submission_no_truncate before truncate on readiness_submission for each statement execute function readiness_is_append_only();
create trigger readiness_decision_no_change before update or delete on readiness_decision for each row execute function readiness_is_append_only();
create trigger readiness_decision_no_truncate before truncate on readiness_decision for each statement execute function readiness_is_append_only();
