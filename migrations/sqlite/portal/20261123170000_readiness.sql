-- The readiness document of an app (SPEC section 3).
create table readiness_document (
    app_id        blob primary key references app (id),
    questionnaire integer not null, -- the version that is answered
    state         text not null,
    answered      integer not null, -- of the required questions that are asked now
    required      integer not null,
    submissions   integer not null  -- how many there are
);

-- What is answered now; the answer is null once it was taken back.
create table readiness_answer (
    app_id     blob not null references readiness_document (app_id),
    question   text not null,
    version    integer not null, -- grows with each save, from 1
    answer     text, -- JSON
    account_id blob not null references account (id), -- who saved it last
    saved_at   text not null,
    primary key (app_id, question)
);

-- Everybody who ever answered: nobody reviews what they wrote.
create table readiness_author (
    app_id     blob not null references readiness_document (app_id),
    account_id blob not null references account (id),
    primary key (app_id, account_id)
);

-- What was submitted, as it was signed; only added to.
create table readiness_submission (
    app_id       blob not null references readiness_document (app_id),
    number       integer not null, -- from 1
    content      text not null, -- JSON
    sha256       text not null, -- of the content
    account_id   blob not null references account (id),
    submitted_at text not null,
    primary key (app_id, number)
);

-- What a reviewer says of an answer of a submission, until the decision.
create table readiness_review (
    app_id      blob not null,
    submission  integer not null,
    question    text not null,
    verdict     text not null,
    note        text not null, -- Markdown; empty for what is accepted
    account_id  blob not null references account (id),
    reviewed_at text not null,
    primary key (app_id, submission, question),
    foreign key (app_id, submission) references readiness_submission (app_id, number)
);

-- What was decided on a submission; only added to.
create table readiness_decision (
    app_id     blob not null,
    submission integer not null,
    decision   text not null,
    reason     text not null,
    sha256     text not null, -- of what the reviewer had before them
    account_id blob not null references account (id),
    decided_at text not null,
    expires_at text, -- of an approval
    primary key (app_id, submission),
    foreign key (app_id, submission) references readiness_submission (app_id, number)
);
create index readiness_decision_expires on readiness_decision (expires_at) where expires_at is not null;

create trigger readiness_submission_no_update before update on readiness_submission begin select raise(abort, 'submissions are append-only'); end;
create trigger readiness_submission_no_delete before delete on readiness_submission begin select raise(abort, 'submissions are append-only'); end;
create trigger readiness_decision_no_update before update on readiness_decision begin select raise(abort, 'decisions are append-only'); end;
create trigger readiness_decision_no_delete before delete on readiness_decision begin select raise(abort, 'decisions are append-only'); end;
