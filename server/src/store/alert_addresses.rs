//! Where the alerts of an app go. An address is used once its owner confirmed it by the link in a drill mail; the newest
//! confirmed one that did not fail is in use (SPEC section 2.3).

use chrono::{DateTime, Utc};
use rampart_domain::id::{AlertAddressId, AppId};
use sqlx::{FromRow, QueryBuilder, query, query_as};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

#[derive(Clone, Debug, FromRow)]
pub struct AlertAddress {
    #[sqlx(try_from = "Uuid")]
    pub id: AlertAddressId,
    pub address: String,
    pub requested_at: DateTime<Utc>,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
}

/// An address that waits for its confirmation, as the holder of the link sees it.
#[derive(Clone, Debug, FromRow)]
pub struct Pending {
    #[sqlx(try_from = "Uuid")]
    pub id: AlertAddressId,
    #[sqlx(try_from = "Uuid")]
    pub app_id: AppId,
    #[sqlx(try_from = "Uuid")]
    pub partner_id: rampart_domain::id::PartnerId,
    pub address: String,
    pub app_name: String,
    pub app_key: String,
    pub partner_name: String,
}

#[derive(FromRow)]
struct OfApp {
    app_id: Uuid,
    #[sqlx(flatten)]
    address: AlertAddress,
}

pub struct Request<'a> {
    pub id: AlertAddressId,
    pub app: AppId,
    pub address: &'a str,
    pub token_hash: &'a [u8],
    pub drill_id: &'a str,
    pub expires_at: DateTime<Utc>,
}

/// Files a new request; an older one that waits for its confirmation is replaced.
pub async fn request(tx: &mut Tx, request: &Request<'_>, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query(
        "update alert_address set replaced_at = $2 where app_id = $1 and confirmed_at is null and replaced_at is null")
        .bind(request.app.0).bind(now).execute(c).await?.rows_affected());
    write!(tx, c => query(
        "insert into alert_address (id, app_id, address, token_hash, drill_id, requested_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(request.id.0).bind(request.app.0).bind(request.address).bind(request.token_hash).bind(request.drill_id)
        .bind(now).bind(request.expires_at).execute(c).await?.rows_affected());
    Ok(())
}

/// The requests of an app that count: at most one confirmed and one pending.
pub async fn current(db: &Db, scope: Scope, app: AppId) -> Result<Vec<AlertAddress>> {
    read!(db, pool => Ok(query_as(
        "select d.id, d.address, d.requested_at, d.confirmed_at, d.failed_at
         from alert_address d join app a on a.id = d.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and d.app_id = $3 and d.replaced_at is null
         order by d.requested_at, d.id")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?))
}

/// The address in use, if there is one.
pub async fn in_use(tx: &mut Tx, app: AppId) -> Result<Option<AlertAddress>> {
    write!(tx, c => Ok(query_as(
        "select id, address, requested_at, confirmed_at, failed_at from alert_address
         where app_id = $1 and confirmed_at is not null and failed_at is null and replaced_at is null
         order by confirmed_at desc limit 1")
        .bind(app.0).fetch_optional(c).await?))
}

pub async fn by_token(db: &Db, token_hash: &[u8], now: DateTime<Utc>) -> Result<Option<Pending>> {
    read!(db, pool => Ok(query_as(
        "select d.id, d.app_id, a.partner_id, d.address, a.name as app_name, a.key as app_key, p.name as partner_name
         from alert_address d join app a on a.id = d.app_id join partner p on p.id = a.partner_id
         where d.token_hash = $1 and d.expires_at > $2 and d.confirmed_at is null and d.replaced_at is null")
        .bind(token_hash).bind(now).fetch_optional(pool).await?))
}

/// Confirms an address, which replaces the one in use; says whether it still waited.
pub async fn confirm(tx: &mut Tx, pending: &Pending, now: DateTime<Utc>) -> Result<bool> {
    let confirmed = write!(tx, c => query(
        "update alert_address set confirmed_at = $2 where id = $1 and confirmed_at is null and replaced_at is null")
        .bind(pending.id.0).bind(now).execute(c).await?.rows_affected())
        == 1;
    if confirmed {
        write!(tx, c => query(
            "update alert_address set replaced_at = $3 where app_id = $1 and id <> $2 and replaced_at is null")
            .bind(pending.app_id.0).bind(pending.id.0).bind(now).execute(c).await?.rows_affected());
    }
    Ok(confirmed)
}

/// Notes that the address refuses mail for good; says whether that is news.
pub async fn fail(tx: &mut Tx, id: AlertAddressId, now: DateTime<Utc>) -> Result<bool> {
    Ok(
        write!(tx, c => query("update alert_address set failed_at = $2 where id = $1 and failed_at is null")
        .bind(id.0).bind(now).execute(c).await?.rows_affected())
            == 1,
    )
}

/// The requests that count, of some apps that the reader may see: of each at most one confirmed and one pending.
pub async fn of_apps(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<(AppId, AlertAddress)>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<OfApp> = read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select d.app_id, d.id, d.address, d.requested_at, d.confirmed_at, d.failed_at
             from alert_address d join app a on a.id = d.app_id where d.replaced_at is null and (");
        query.push_bind(scope.everything())
            .push(" or a.partner_id in (select partner_id from membership where account_id = ").push_bind(scope.account())
            .push(")) and d.app_id in (");
        let mut list = query.separated(", ");
        apps.iter().for_each(|app| { list.push_bind(app.0); });
        query.push(") order by d.app_id, d.requested_at, d.id");
        query.build_query_as().fetch_all(pool).await?
    });
    Ok(rows.into_iter().map(|row| (AppId(row.app_id), row.address)).collect())
}
