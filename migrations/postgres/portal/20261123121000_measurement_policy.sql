-- The measurement policy (SPEC section 2), from version 2 on; version 1 is the standard, which the program knows.
create table measurement_policy (
    version      bigint primary key,
    starts       bigint not null, -- the first evaluation that uses it, in minutes since 1970
    document     text not null,
    published_by uuid not null references account (id),
    published_at timestamptz not null,
    reason       text not null
);
create function policies_are_never_edited() returns trigger language plpgsql as $$
begin
    raise exception 'a published policy is never edited';
end $$;
create trigger measurement_policy_no_change before update or delete on measurement_policy
    for each row execute function policies_are_never_edited();
create trigger measurement_policy_no_truncate before truncate on measurement_policy
    for each statement execute function policies_are_never_edited();
