-- People ------------------------------------------------------------------------------------------------------------

create table account (
    id            blob primary key,
    mail          text not null,
    mail_key      text not null unique, -- the address in lower case: one account per address
    name          text not null,
    password_hash text not null,
    created_at    text not null,
    disabled_at   text
);

create table staff_role (
    account_id blob not null references account (id),
    role       text not null,
    primary key (account_id, role)
);

create table partner (
    id          blob primary key,
    name        text not null,
    name_key    text not null unique,
    version     integer not null,
    created_at  text not null,
    archived_at text
);

create table membership (
    account_id blob not null references account (id),
    partner_id blob not null references partner (id),
    role       text not null,
    primary key (account_id, partner_id)
);
create index membership_partner on membership (partner_id);

create table invitation (
    id           blob primary key,
    token_hash   blob not null unique,
    mail         text not null,
    name         text not null,
    partner_id   blob references partner (id),
    partner_role text,
    staff_roles  text not null,
    invited_by   text not null,
    sets_password boolean not null, -- the holder of an account chooses a new password
    created_at   text not null,
    expires_at   text not null,
    ended_at     text -- used or withdrawn
);
create index invitation_partner on invitation (partner_id);

create table session (
    id_hash      blob primary key, -- the cookie's value is never stored
    id           blob not null unique,
    account_id   blob references account (id),
    data         text not null,
    address      text,
    agent        text not null,
    created_at   text not null,
    last_seen_at text not null,
    expires_at   text not null
);
create index session_account on session (account_id);
create index session_expiry on session (expires_at);

-- Apps --------------------------------------------------------------------------------------------------------------

create table app (
    id                  blob primary key,
    partner_id          blob not null references partner (id),
    key                 text not null,
    key_key             text not null unique, -- the key in lower case
    name                text not null,
    name_key            text not null, -- in lower case, for searching and sorting
    kind                text not null,
    products            text not null,
    support_contact     text not null,
    operations_contacts text not null,
    health_path         text not null,
    base_urls           text not null,
    fails_when_down     boolean not null,
    version             integer not null,
    created_at          text not null,
    measuring_since     text,
    archived_at         text
);
create index app_partner on app (partner_id);

create table alert_address (
    id           blob primary key,
    app_id       blob not null references app (id),
    address      text not null,
    token_hash   blob not null unique,
    drill_id     text not null, -- the incidentId that its drill mails carry
    requested_at text not null,
    expires_at   text not null,
    confirmed_at text,
    failed_at    text, -- its mail server refused for good
    replaced_at  text  -- a newer request took over
);
create index alert_address_app on alert_address (app_id);

-- One row per (app, product, SLI, group, target); target is the base URL for availability, else empty.
create table series (
    id         blob primary key,
    app_id     blob not null references app (id),
    product    text not null,
    sli        text not null,
    grp        text not null,
    target     text not null,
    created_at text not null,
    ended_at   text, -- no longer measured; its history stays
    unique (app_id, product, sli, grp, target)
);

-- Breaches ----------------------------------------------------------------------------------------------------------
-- Ticks and minutes are whole minutes since 1970.

create table episode (
    id             blob primary key,
    series_id      blob not null references series (id),
    app_id         blob not null references app (id),
    incident_id    text not null unique,
    opened_tick    integer not null,
    window_start   integer not null,
    last_held      integer not null,
    last_defined   integer not null,
    last_mail      integer not null,
    lowest_good    integer not null,
    lowest_bad     integer not null,
    latest_good    integer not null,
    latest_bad     integer not null,
    counted_tick   integer,
    closed_tick    integer,
    closing        text
);
create unique index episode_open on episode (series_id) where closed_tick is null; -- at most one open episode per series
create index episode_app on episode (app_id, opened_tick);

-- The exclusion ledger (SPEC section 5): minutes [from_minute, to_minute) leave numerator and denominator.
create table ledger (
    id          blob primary key,
    app_id      blob references app (id), -- null: all apps
    sli         text,                     -- null: all SLIs
    product     text,
    target      text,
    from_minute integer not null,
    to_minute   integer not null,
    kind        text not null,
    authority   text not null,
    entered_by  blob references account (id),
    entered_at  text not null,
    revoked_at  text,
    check (from_minute < to_minute)
);
create index ledger_app on ledger (app_id);

-- The last minute that a recurring rule has worked off.
create table progress (
    job  text primary key,
    tick integer not null
);

-- At most one server runs a job: whoever holds the lease. The fence grows with every change of holder.
create table lease (
    job    text primary key,
    holder text not null,
    fence  integer not null,
    until  text not null
);

-- Mail --------------------------------------------------------------------------------------------------------------

create table outbox (
    id               blob primary key,
    message_id       text not null unique,
    kind             text not null,
    partner_id       blob references partner (id),
    app_id           blob references app (id),
    episode_id       blob references episode (id),
    alert_address_id blob references alert_address (id),
    recipients       text not null,
    subject          text not null,
    body_text        text not null,
    body_html        text not null,
    queued_at        text not null,
    next_attempt_at  text not null,
    give_up_at       text not null,
    locked_until     text not null,
    attempts         integer not null,
    error            text,
    sent_at          text,
    failed_at        text
);
create index outbox_waiting on outbox (next_attempt_at) where sent_at is null and failed_at is null;
create index outbox_app on outbox (app_id, queued_at);
create index outbox_queued on outbox (queued_at);

-- Audit -------------------------------------------------------------------------------------------------------------
-- Every row holds the hash of the row before it. The texts of before and after are kept byte for byte: they are hashed.

create table audit (
    seq           integer primary key,
    at            text not null,
    actor_id      blob,
    actor         text not null,
    action        text not null,
    subject_kind  text not null,
    subject_id    text not null,
    subject       text not null,
    partner_id    blob,
    before        text not null,
    after         text not null,
    why           text,
    address       text,
    previous_hash blob not null,
    hash          blob not null
);
create index audit_partner on audit (partner_id, seq);

create table audit_head (
    id   integer primary key check (id = 1),
    seq  integer not null,
    hash blob not null
);
insert into audit_head (id, seq, hash) values (1, 0, x'');

create trigger audit_no_update before update on audit begin select raise(abort, 'the audit log is append-only'); end;
create trigger audit_no_delete before delete on audit begin select raise(abort, 'the audit log is append-only'); end;
