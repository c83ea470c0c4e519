-- People ------------------------------------------------------------------------------------------------------------

create table account (
    id            uuid primary key,
    mail          text not null,
    mail_key      text not null unique, -- the address in lower case: one account per address
    name          text not null,
    password_hash text not null,
    created_at    timestamptz not null,
    disabled_at   timestamptz
);

create table staff_role (
    account_id uuid not null references account (id),
    role       text not null,
    primary key (account_id, role)
);

create table partner (
    id          uuid primary key,
    name        text not null,
    name_key    text not null unique,
    version     bigint not null,
    created_at  timestamptz not null,
    archived_at timestamptz
);

create table membership (
    account_id uuid not null references account (id),
    partner_id uuid not null references partner (id),
    role       text not null,
    primary key (account_id, partner_id)
);
create index membership_partner on membership (partner_id);

create table invitation (
    id           uuid primary key,
    token_hash   bytea not null unique,
    mail         text not null,
    name         text not null,
    partner_id   uuid references partner (id),
    partner_role text,
    staff_roles  jsonb not null,
    invited_by   text not null,
    sets_password boolean not null, -- the holder of an account chooses a new password
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    ended_at     timestamptz -- used or withdrawn
);
create index invitation_partner on invitation (partner_id);

create table session (
    id_hash      bytea primary key, -- the cookie's value is never stored
    id           uuid not null unique,
    account_id   uuid references account (id),
    data         jsonb not null,
    address      text,
    agent        text not null,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null
);
create index session_account on session (account_id);
create index session_expiry on session (expires_at);

-- Apps --------------------------------------------------------------------------------------------------------------

create table app (
    id                  uuid primary key,
    partner_id          uuid not null references partner (id),
    key                 text not null,
    key_key             text not null unique, -- the key in lower case
    name                text not null,
    name_key            text not null, -- in lower case, for searching and sorting
    kind                text not null,
    products            jsonb not null,
    support_contact     text not null,
    operations_contacts text not null,
    health_path         text not null,
    base_urls           jsonb not null,
    fails_when_down     boolean not null,
    version             bigint not null,
    created_at          timestamptz not null,
    measuring_since     timestamptz,
    archived_at         timestamptz
);
create index app_partner on app (partner_id);

create table alert_address (
    id           uuid primary key,
    app_id       uuid not null references app (id),
    address      text not null,
    token_hash   bytea not null unique,
    drill_id     text not null, -- the incidentId that its drill mails carry
    requested_at timestamptz not null,
    expires_at   timestamptz not null,
    confirmed_at timestamptz,
    failed_at    timestamptz, -- its mail server refused for good
    replaced_at  timestamptz  -- a newer request took over
);
create index alert_address_app on alert_address (app_id);

-- One row per (app, product, SLI, group, target); target is the base URL for availability, else empty.
create table series (
    id         uuid primary key,
    app_id     uuid not null references app (id),
    product    text not null,
    sli        text not null,
    grp        text not null,
    target     text not null,
    created_at timestamptz not null,
    ended_at   timestamptz, -- no longer measured; its history stays
    unique (app_id, product, sli, grp, target)
);

-- Breaches ----------------------------------------------------------------------------------------------------------
-- Ticks and minutes are whole minutes since 1970.

create table episode (
    id             uuid primary key,
    series_id      uuid not null references series (id),
    app_id         uuid not null references app (id),
    incident_id    text not null unique,
    opened_tick    bigint not null,
    window_start   bigint not null,
    last_held      bigint not null,
    last_defined   bigint not null,
    last_mail      bigint not null,
    lowest_good    bigint not null,
    lowest_bad     bigint not null,
    latest_good    bigint not null,
    latest_bad     bigint not null,
    counted_tick   bigint,
    closed_tick    bigint,
    closing        text
);
create unique index episode_open on episode (series_id) where closed_tick is null; -- at most one open episode per series
create index episode_app on episode (app_id, opened_tick);

-- The exclusion ledger (SPEC section 5): minutes [from_minute, to_minute) leave numerator and denominator.
create table ledger (
    id          uuid primary key,
    app_id      uuid references app (id), -- null: all apps
    sli         text,                     -- null: all SLIs
    product     text,
    target      text,
    from_minute bigint not null,
    to_minute   bigint not null,
    kind        text not null,
    authority   text not null,
    entered_by  uuid references account (id),
    entered_at  timestamptz not null,
    revoked_at  timestamptz,
    check (from_minute < to_minute)
);
create index ledger_app on ledger (app_id);

-- The last minute that a recurring rule has worked off.
create table progress (
    job  text primary key,
    tick bigint not null
);

-- At most one server runs a job: whoever holds the lease. The fence grows with every change of holder.
create table lease (
    job    text primary key,
    holder text not null,
    fence  bigint not null,
    until  timestamptz not null
);

-- Mail --------------------------------------------------------------------------------------------------------------

create table outbox (
    id               uuid primary key,
    message_id       text not null unique,
    kind             text not null,
    partner_id       uuid references partner (id),
    app_id           uuid references app (id),
    episode_id       uuid references episode (id),
    alert_address_id uuid references alert_address (id),
    recipients       jsonb not null,
    subject          text not null,
    body_text        text not null,
    body_html        text not null,
    queued_at        timestamptz not null,
    next_attempt_at  timestamptz not null,
    give_up_at       timestamptz not null,
    locked_until     timestamptz not null,
    attempts         bigint not null,
    error            text,
    sent_at          timestamptz,
    failed_at        timestamptz
);
create index outbox_waiting on outbox (next_attempt_at) where sent_at is null and failed_at is null;
create index outbox_app on outbox (app_id, queued_at);
create index outbox_queued on outbox (queued_at);

-- Audit -------------------------------------------------------------------------------------------------------------
-- Every row holds the hash of the row before it. The texts of before and after are kept byte for byte: they are hashed.

create table audit (
    seq           bigint primary key,
    at            timestamptz not null,
    actor_id      uuid,
    actor         text not null,
    action        text not null,
    subject_kind  text not null,
    subject_id    text not null,
    subject       text not null,
    partner_id    uuid,
    before        text not null,
    after         text not null,
    why           text,
    address       text,
    previous_hash bytea not null,
    hash          bytea not null
);
create index audit_partner on audit (partner_id, seq);

create table audit_head (
    id   bigint primary key check (id = 1),
    seq  bigint not null,
    hash bytea not null
);
insert into audit_head (id, seq, hash) values (1, 0, '');

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only';
end $$;
create trigger audit_no_change before update or delete on audit for each row execute function audit_is_append_only();
create trigger audit_no_truncate before truncate on audit for each statement execute function audit_is_append_only();
