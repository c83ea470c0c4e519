-- A conversation about one subject, between a partner and the platform.
create table thread (
    id           uuid primary key,
    subject_kind text not null,
    subject_id   uuid not null,
    partner_id   uuid not null references partner (id),
    created_at   timestamptz not null,
    unique (subject_kind, subject_id)
);

create table comment (
    id         uuid primary key,
    thread_id  uuid not null references thread (id),
    author_id  uuid not null references account (id),
    by_staff   boolean not null, -- whether the author wrote for the platform
    written_at timestamptz not null
);
create index comment_thread on comment (thread_id, written_at);

-- What a comment said, from its first version, 1, to the one that is shown; only added to.
create table comment_version (
    comment_id uuid not null references comment (id),
    version    bigint not null,
    text       text not null, -- Markdown
    written_at timestamptz not null,
    primary key (comment_id, version)
);

create function comments_are_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'comments are append-only';
end $$;
create trigger comment_no_change before update or delete on comment for each row execute function comments_are_append_only();
create trigger comment_no_truncate before truncate on comment for each statement execute function comments_are_append_only();
create trigger comment_version_no_change before update or delete on comment_version for each row execute function comments_are_append_only();
create trigger comment_version_no_truncate before truncate on comment_version for each statement execute function comments_are_append_only();
