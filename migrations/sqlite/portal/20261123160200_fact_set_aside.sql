-- Facts that contradict others, or cannot be read, and are left out of everything since; only added to. The facts themselves stay.
create table fact_set_aside (
    fact   text primary key,
    set_by blob not null references account (id),
    set_at text not null,
    why    text not null
);

create trigger fact_set_aside_no_update before update on fact_set_aside begin select raise(abort, 'what was set aside stays so'); end;
create trigger fact_set_aside_no_delete before delete on fact_set_aside begin select raise(abort, 'what was set aside stays so'); end;
