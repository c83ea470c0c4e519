//! Partners.

use chrono::{DateTime, Utc};
use rampart_domain::id::PartnerId;
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

#[derive(Clone, Debug, FromRow)]
pub struct Partner {
    #[sqlx(try_from = "Uuid")]
    pub id: PartnerId,
    pub name: String,
    pub version: i64,
    pub archived_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, FromRow)]
pub struct Listed {
    #[sqlx(try_from = "Uuid")]
    pub id: PartnerId,
    pub name: String,
    pub archived_at: Option<DateTime<Utc>>,
    pub apps: i64,
    pub members: i64,
}

/// Names are compared without regard to case.
fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

pub async fn insert(tx: &mut Tx, id: PartnerId, name: &str, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("insert into partner (id, name, name_key, version, created_at) values ($1, $2, $3, 1, $4)")
        .bind(id.0).bind(name).bind(name_key(name)).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn find(db: &Db, scope: Scope, id: PartnerId) -> Result<Option<Partner>> {
    read!(db, pool => Ok(query_as(
        "select id, name, version, archived_at from partner
         where ($1 or id in (select partner_id from membership where account_id = $2)) and id = $3")
        .bind(scope.everything()).bind(scope.account()).bind(id.0).fetch_optional(pool).await?))
}

/// Partners that are not archived, by name.
pub async fn active(db: &Db, scope: Scope) -> Result<Vec<Partner>> {
    read!(db, pool => Ok(query_as(
        "select id, name, version, archived_at from partner
         where ($1 or id in (select partner_id from membership where account_id = $2)) and archived_at is null
         order by name_key")
        .bind(scope.everything()).bind(scope.account()).fetch_all(pool).await?))
}

pub async fn list(db: &Db, scope: Scope) -> Result<Vec<Listed>> {
    read!(db, pool => Ok(query_as(
        "select p.id, p.name, p.archived_at,
                (select count(*) from app where app.partner_id = p.id and app.archived_at is null) as apps,
                (select count(*) from membership m join account a on a.id = m.account_id
                 where m.partner_id = p.id and a.disabled_at is null) as members
         from partner p
         where ($1 or p.id in (select partner_id from membership where account_id = $2))
         order by p.archived_at is not null, p.name_key")
        .bind(scope.everything()).bind(scope.account()).fetch_all(pool).await?))
}

/// Renames a partner that still has `version`; says whether it did.
pub async fn rename(tx: &mut Tx, id: PartnerId, version: i64, name: &str) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update partner set name = $3, name_key = $4, version = version + 1 where id = $1 and version = $2")
        .bind(id.0).bind(version).bind(name).bind(name_key(name)).execute(c).await?.rows_affected())
        == 1)
}

pub async fn set_archived(tx: &mut Tx, id: PartnerId, at: Option<DateTime<Utc>>) -> Result<()> {
    write!(tx, c => query("update partner set archived_at = $2, version = version + 1 where id = $1")
        .bind(id.0).bind(at).execute(c).await?.rows_affected());
    Ok(())
}
