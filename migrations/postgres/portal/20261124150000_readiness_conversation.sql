-- What a partner and its reviewers talk about at one question of a readiness document (SPEC section 3). Its comments are those of
-- the thread about it; a comment after it was resolved opens it again.
create table readiness_conversation (
    id          uuid primary key,
    app_id      uuid not null references app (id),
    question    text not null,
    resolved_at timestamptz,
    resolved_by uuid references account (id),
    unique (app_id, question)
);
