-- Where an app is installed; the secret that verifies a signed request names the installation.
create table installation (
    id           blob primary key,
    app_id       blob not null references app (id),
    product      text not null,
    site         text not null,
    grp          text not null,
    module_types text not null, -- those that events of the installation may name
    version      integer not null,
    created_at   text not null,
    ended_at     text -- no longer valid; its secrets stay, to tell a late request so
);
create unique index installation_place on installation (app_id, product, site, grp) where ended_at is null;

create table installation_secret (
    id              blob primary key,
    installation_id blob not null references installation (id),
    sealed          blob not null, -- encrypted for this row, under the key named beside
    key_id          text not null,
    created_at      text not null,
    valid_until     text -- null: until it is replaced
);
create index installation_secret_installation on installation_secret (installation_id);
