-- Customers' sites whose events are counted as excluded (SPEC section 2.2): a list of host names.
alter table app add column excluded_sites jsonb not null default '[]';
