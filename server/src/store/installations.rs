//! Where apps are installed, and the sealed secrets that sign their requests (SPEC section 2.2).

use chrono::{DateTime, Utc};
use rampart_domain::id::{AppId, InstallationId};
use sqlx::{FromRow, query, query_as, query_scalar, types::Json};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

#[derive(Clone, Debug, FromRow)]
pub struct Installation {
    #[sqlx(try_from = "Uuid")]
    pub id: InstallationId,
    #[sqlx(try_from = "Uuid")]
    pub app_id: AppId,
    pub product: String,
    pub site: String,
    pub grp: String,
    pub module_types: Json<Vec<String>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// A new installation.
#[derive(Clone, Debug)]
pub struct New<'a> {
    pub id: InstallationId,
    pub app: AppId,
    pub product: &'a str,
    pub site: &'a str,
    pub grp: &'a str,
    pub module_types: &'a [String],
}

/// A secret as it is stored: encrypted for the row `id`, under the key `key_id`.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Sealed {
    pub id: Uuid,
    #[sqlx(try_from = "Uuid")]
    pub installation_id: InstallationId,
    pub sealed: Vec<u8>,
    pub key_id: String,
    pub created_at: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
}

/// An app as its requests name it.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Signer {
    #[sqlx(try_from = "Uuid")]
    pub id: AppId,
    pub archived: bool,
}

pub async fn insert(tx: &mut Tx, new: &New<'_>, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query(
        "insert into installation (id, app_id, product, site, grp, module_types, version, created_at)
         values ($1, $2, $3, $4, $5, $6, 1, $7)")
        .bind(new.id.0).bind(new.app.0).bind(new.product).bind(new.site).bind(new.grp).bind(Json(new.module_types)).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The installations of an app, those that have ended last.
pub async fn of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Installation>> {
    read!(db, pool => Ok(query_as(
        "select i.id, i.app_id, i.product, i.site, i.grp, i.module_types, i.version, i.created_at, i.ended_at
         from installation i join app a on a.id = i.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and i.app_id = $3
         order by (i.ended_at is not null), i.product, i.site, i.grp, i.created_at, i.id")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?))
}

/// The secrets of the installations of an app, the newest first.
pub async fn secrets_of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Sealed>> {
    read!(db, pool => Ok(query_as(
        "select s.id, s.installation_id, s.sealed, s.key_id, s.created_at, s.valid_until
         from installation_secret s join installation i on i.id = s.installation_id join app a on a.id = i.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and i.app_id = $3
         order by s.created_at desc, s.id desc")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?))
}

/// The app whose key, letter for letter, a request is signed with.
pub async fn signer(db: &Db, app_key: &str) -> Result<Option<Signer>> {
    read!(db, pool => Ok(query_as("select id, archived_at is not null as archived from app where key = $1 and key_key = $2")
        .bind(app_key).bind(app_key.to_lowercase()).fetch_optional(pool).await?))
}

/// Changes what events of an installation may name; says whether it still had `version` and was not over.
pub async fn set_module_types(tx: &mut Tx, id: InstallationId, version: i64, module_types: &[String]) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update installation set module_types = $3, version = version + 1 where id = $1 and version = $2 and ended_at is null")
        .bind(id.0).bind(version).bind(Json(module_types)).execute(c).await?.rows_affected())
        == 1)
}

/// Makes room for another secret: those that are valid stay so until `until` at most. Says whether the installation still had
/// `version` and was not over.
pub async fn retire_secrets(tx: &mut Tx, id: InstallationId, version: i64, until: DateTime<Utc>) -> Result<bool> {
    let is_current = write!(tx, c => query(
        "update installation set version = version + 1 where id = $1 and version = $2 and ended_at is null")
        .bind(id.0).bind(version).execute(c).await?.rows_affected())
        == 1;
    if is_current {
        write!(tx, c => query(
            "update installation_secret set valid_until = $2
             where installation_id = $1 and (valid_until is null or valid_until > $2)")
            .bind(id.0).bind(until).execute(c).await?.rows_affected());
    }
    Ok(is_current)
}

pub async fn insert_secret(tx: &mut Tx, secret: &Sealed) -> Result<()> {
    write!(tx, c => query(
        "insert into installation_secret (id, installation_id, sealed, key_id, created_at, valid_until)
         values ($1, $2, $3, $4, $5, $6)")
        .bind(secret.id).bind(secret.installation_id.0).bind(&secret.sealed).bind(&secret.key_id)
        .bind(secret.created_at).bind(secret.valid_until).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends an installation; says whether that changed anything.
pub async fn end(tx: &mut Tx, id: InstallationId, now: DateTime<Utc>) -> Result<bool> {
    Ok(
        write!(tx, c => query("update installation set ended_at = $2, version = version + 1 where id = $1 and ended_at is null")
        .bind(id.0).bind(now).execute(c).await?.rows_affected())
            == 1,
    )
}

/// Deletes the secrets whose time is over.
pub async fn delete_retired_secrets(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64> {
    Ok(
        write!(tx, c => query("delete from installation_secret where valid_until <= $1").bind(now).execute(c).await?.rows_affected()),
    )
}

/// How many secrets another key than `key_id` sealed.
pub async fn sealed_by_others(db: &Db, key_id: &str) -> Result<i64> {
    read!(db, pool => Ok(query_scalar("select count(*) from installation_secret where key_id <> $1")
        .bind(key_id).fetch_one(pool).await?))
}
