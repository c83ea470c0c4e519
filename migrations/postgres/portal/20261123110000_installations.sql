-- Where an app is installed; the secret that verifies a signed request names the installation.
create table installation (
    id           uuid primary key,
    app_id       uuid not null references app (id),
    product      text not null,
    site         text not null,
    grp          text not null,
    module_types jsonb not null, -- those that events of the installation may name
    version      bigint not null,
    created_at   timestamptz not null,
    ended_at     timestamptz -- no longer valid; its secrets stay, to tell a late request so
);
create unique index installation_place on installation (app_id, product, site, grp) where ended_at is null;

create table installation_secret (
    id              uuid primary key,
    installation_id uuid not null references installation (id),
    sealed          bytea not null, -- encrypted for this row, under the key named beside
    key_id          text not null,
    created_at      timestamptz not null,
    valid_until     timestamptz -- null: until it is replaced
);
create index installation_secret_installation on installation_secret (installation_id);
