-- The notices that an approval of a readiness document expires (SPEC section 3): each is sent once.
create table readiness_notice (
    app_id     uuid not null,
    submission bigint not null, -- the one that was approved
    days       bigint not null, -- before it expires; 0: it has expired
    sent_at    timestamptz not null,
    primary key (app_id, submission, days),
    foreign key (app_id, submission) references readiness_decision (app_id, submission)
);
