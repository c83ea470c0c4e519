-- Tokens of the API; the value itself is shown once and never stored.
create table api_token (
    id           uuid primary key,
    token_hash   bytea not null unique,
    partner_id   uuid references partner (id), -- none: the platform's own
    scope        text not null,
    name         text not null,
    created_by   text not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    last_used_at timestamptz, -- to the hour
    revoked_at   timestamptz
);
create index api_token_partner on api_token (partner_id);
