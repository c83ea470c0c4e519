-- Facts that contradict others, or cannot be read, and are left out of everything since; only added to. The facts themselves stay.
create table fact_set_aside (
    fact   text primary key,
    set_by uuid not null references account (id),
    set_at timestamptz not null,
    why    text not null
);

create function what_was_set_aside_stays_so() returns trigger language plpgsql as $$
begin
    raise exception 'what was set aside stays so';
end $$;
create trigger fact_set_aside_no_change before update or delete on fact_set_aside
    for each row execute function what_was_set_aside_stays_so();
create trigger fact_set_aside_no_truncate before truncate on fact_set_aside
    for each statement execute function what_was_set_aside_stays_so();
