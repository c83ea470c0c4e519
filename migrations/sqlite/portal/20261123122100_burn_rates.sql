-- Burn-rate alerts, off unless the app's people turn them on (SPEC section 2).
alter table app add column burn_rate_alerts boolean not null default false;

-- The latest burn-rate alert of a series. Ticks are whole minutes since 1970.
create table burn_rate_alert (
    series_id    blob primary key references series (id),
    started_tick integer not null,
    last_fast    integer not null, -- when a short window burnt too fast for the last time
    ended_tick   integer
);
create index burn_rate_alert_open on burn_rate_alert (series_id) where ended_tick is null;
