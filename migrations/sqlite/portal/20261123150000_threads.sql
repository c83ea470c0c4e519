-- A conversation about one subject, between a partner and the platform.
create table thread (
    id           blob primary key,
    subject_kind text not null,
    subject_id   blob not null,
    partner_id   blob not null references partner (id),
    created_at   text not null,
    unique (subject_kind, subject_id)
);

create table comment (
    id         blob primary key,
    thread_id  blob not null references thread (id),
    author_id  blob not null references account (id),
    by_staff   boolean not null, -- whether the author wrote for the platform
    written_at text not null
);
create index comment_thread on comment (thread_id, written_at);

-- What a comment said, from its first version, 1, to the one that is shown; only added to.
create table comment_version (
    comment_id blob not null references comment (id),
    version    integer not null,
    text       text not null, -- Markdown
    written_at text not null,
    primary key (comment_id, version)
);

create trigger comment_no_update before update on comment begin select raise(abort, 'comments are append-only'); end;
create trigger comment_no_delete before delete on comment begin select raise(abort, 'comments are append-only'); end;
create trigger comment_version_no_update before update on comment_version begin select raise(abort, 'comments are append-only'); end;
create trigger comment_version_no_delete before delete on comment_version begin select raise(abort, 'comments are append-only'); end;
