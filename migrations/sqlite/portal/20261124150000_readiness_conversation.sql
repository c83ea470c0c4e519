-- What a partner and its reviewers talk about at one question of a readiness document (SPEC section 3). Its comments are those of
-- the thread about it; a comment after it was resolved opens it again.
create table readiness_conversation (
    id          blob primary key,
    app_id      blob not null references app (id),
    question    text not null,
    resolved_at text,
    resolved_by blob references account (id),
    unique (app_id, question)
);
