-- The measurement policy (SPEC section 2), from version 2 on; version 1 is the standard, which the program knows.
create table measurement_policy (
    version      integer primary key,
    starts       integer not null, -- the first evaluation that uses it, in minutes since 1970
    document     text not null,
    published_by blob not null references account (id),
    published_at text not null,
    reason       text not null
);
create trigger measurement_policy_no_update before update on measurement_policy
    begin select raise(abort, 'a published policy is never edited'); end;
create trigger measurement_policy_no_delete before delete on measurement_policy
    begin select raise(abort, 'a published policy is never edited'); end;
