-- Series whose mails are bundled because they flap (SPEC section 2). Ticks are whole minutes since 1970.
create table bundle (
    series_id      blob primary key references series (id),
    began_tick     integer not null,
    openings       integer not null,
    closed_minutes integer not null, -- in breach, in episodes that have closed
    last_change    integer not null,
    last_mail      integer not null,
    told           boolean not null -- the open episode has mails of its own
);
create index episode_series on episode (series_id, opened_tick);
