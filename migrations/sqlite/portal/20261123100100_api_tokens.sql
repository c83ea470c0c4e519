-- Tokens of the API; the value itself is shown once and never stored.
create table api_token (
    id           blob primary key,
    token_hash   blob not null unique,
    partner_id   blob references partner (id), -- none: the platform's own
    scope        text not null,
    name         text not null,
    created_by   text not null,
    created_at   text not null,
    expires_at   text not null,
    last_used_at text, -- to the hour
    revoked_at   text
);
create index api_token_partner on api_token (partner_id);
