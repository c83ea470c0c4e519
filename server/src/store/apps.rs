//! Apps.

use chrono::{DateTime, Utc};
use rampart_domain::id::{AppId, PartnerId};
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar, types::Json};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
    dialect::pattern,
};

#[derive(Clone, Debug, FromRow)]
pub struct App {
    #[sqlx(try_from = "Uuid")]
    pub id: AppId,
    #[sqlx(try_from = "Uuid")]
    pub partner_id: PartnerId,
    pub partner_name: String,
    pub key: String,
    pub name: String,
    pub kind: String,
    pub products: Json<Vec<String>>,
    pub support_contact: String,
    pub operations_contacts: String,
    pub health_path: String,
    pub base_urls: Json<Vec<String>>,
    pub fails_when_down: bool,
    /// Sites whose events are counted as excluded.
    pub excluded_sites: Json<Vec<String>>,
    pub version: i64,
    pub measuring_since: Option<DateTime<Utc>>,
    pub archived_at: Option<DateTime<Utc>>,
}

/// What of an app matters to the counting of its events.
#[derive(Clone, Debug, FromRow)]
pub struct Receiving {
    #[sqlx(try_from = "Uuid")]
    pub id: AppId,
    /// The key in lower case.
    pub key_key: String,
    pub excluded_sites: Json<Vec<String>>,
}

/// What of an app its partner's people change.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    pub name: String,
    pub kind: String,
    pub products: Vec<String>,
    pub support_contact: String,
    pub operations_contacts: String,
}

/// How an app's health is checked.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthCheck {
    pub path: String,
    pub base_urls: Vec<String>,
    pub fails_when_down: bool,
}

/// What the list of apps is narrowed to.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    pub search: &'a str,
    pub archived: bool,
    /// Apps of this partner only.
    pub partner: Option<PartnerId>,
}

pub async fn insert(
    tx: &mut Tx,
    id: AppId,
    partner: PartnerId,
    key: &str,
    details: &Details,
    health: &HealthCheck,
    now: DateTime<Utc>,
) -> Result<()> {
    write!(tx, c => query(
        "insert into app (id, partner_id, key, key_key, name, name_key, kind, products, support_contact, operations_contacts,
                          health_path, base_urls, fails_when_down, version, created_at)
         values ($1, $2, $3, $4, $5, $14, $6, $7, $8, $9, $10, $11, $12, 1, $13)")
        .bind(id.0).bind(partner.0).bind(key).bind(key.to_lowercase()).bind(&details.name).bind(&details.kind)
        .bind(Json(&details.products)).bind(&details.support_contact).bind(&details.operations_contacts)
        .bind(&health.path).bind(Json(&health.base_urls)).bind(health.fails_when_down).bind(now)
        .bind(details.name.to_lowercase())
        .execute(c).await?.rows_affected());
    Ok(())
}

pub async fn by_key(db: &Db, scope: Scope, key: &str) -> Result<Option<App>> {
    read!(db, pool => Ok(query_as(
        "select a.id, a.partner_id, p.name as partner_name, a.key, a.name, a.kind, a.products, a.support_contact,
                a.operations_contacts, a.health_path, a.base_urls, a.fails_when_down, a.excluded_sites, a.version, a.measuring_since, a.archived_at
         from app a join partner p on p.id = a.partner_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and a.key_key = $3")
        .bind(scope.everything()).bind(scope.account()).bind(key.to_lowercase()).fetch_optional(pool).await?))
}

/// The apps with these ids that the reader may see.
pub async fn by_ids(db: &Db, scope: Scope, ids: &[AppId]) -> Result<Vec<App>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    read!(db, pool => {
        let mut query = QueryBuilder::new(
            "select a.id, a.partner_id, p.name as partner_name, a.key, a.name, a.kind, a.products, a.support_contact,
                    a.operations_contacts, a.health_path, a.base_urls, a.fails_when_down, a.excluded_sites, a.version,
                    a.measuring_since, a.archived_at
             from app a join partner p on p.id = a.partner_id where (");
        query.push_bind(scope.everything())
            .push(" or a.partner_id in (select partner_id from membership where account_id = ").push_bind(scope.account())
            .push(")) and a.id in (");
        let mut list = query.separated(", ");
        ids.iter().for_each(|id| { list.push_bind(id.0); });
        query.push(") order by a.id");
        Ok(query.build_query_as().fetch_all(pool).await?)
    })
}

/// One page of apps by name.
pub async fn list(db: &Db, scope: Scope, filter: Filter<'_>, offset: i64, limit: i64) -> Result<Vec<App>> {
    read!(db, pool => Ok(query_as(
        "select a.id, a.partner_id, p.name as partner_name, a.key, a.name, a.kind, a.products, a.support_contact,
                a.operations_contacts, a.health_path, a.base_urls, a.fails_when_down, a.excluded_sites, a.version, a.measuring_since, a.archived_at
         from app a join partner p on p.id = a.partner_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and (a.archived_at is not null) = $3
           and ($4 = '' or a.name_key like $4 escape '\\' or a.key_key like $4 escape '\\' or p.name_key like $4 escape '\\')
           and ($7 or a.partner_id = $8)
         order by a.name_key, a.id limit $5 offset $6")
        .bind(scope.everything()).bind(scope.account()).bind(filter.archived).bind(pattern(filter.search))
        .bind(limit).bind(offset).bind(filter.partner.is_none()).bind(filter.partner.map_or(Uuid::nil(), |p| p.0))
        .fetch_all(pool).await?))
}

pub async fn count(db: &Db, scope: Scope, filter: Filter<'_>) -> Result<i64> {
    read!(db, pool => Ok(query_scalar(
        "select count(*) from app a join partner p on p.id = a.partner_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and (a.archived_at is not null) = $3
           and ($4 = '' or a.name_key like $4 escape '\\' or a.key_key like $4 escape '\\' or p.name_key like $4 escape '\\')
           and ($5 or a.partner_id = $6)")
        .bind(scope.everything()).bind(scope.account()).bind(filter.archived).bind(pattern(filter.search))
        .bind(filter.partner.is_none()).bind(filter.partner.map_or(Uuid::nil(), |p| p.0))
        .fetch_one(pool).await?))
}

/// Changes the details of an app that still has `version`; says whether it did.
pub async fn set_details(tx: &mut Tx, id: AppId, version: i64, details: &Details) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update app set name = $3, name_key = $8, kind = $4, products = $5, support_contact = $6, operations_contacts = $7, version = version + 1
         where id = $1 and version = $2")
        .bind(id.0).bind(version).bind(&details.name).bind(&details.kind).bind(Json(&details.products))
        .bind(&details.support_contact).bind(&details.operations_contacts).bind(details.name.to_lowercase())
        .execute(c).await?.rows_affected())
        == 1)
}

/// Changes the health check of an app that still has `version`; says whether it did.
pub async fn set_health_check(tx: &mut Tx, id: AppId, version: i64, health: &HealthCheck) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update app set health_path = $3, base_urls = $4, fails_when_down = $5, version = version + 1
         where id = $1 and version = $2")
        .bind(id.0).bind(version).bind(&health.path).bind(Json(&health.base_urls)).bind(health.fails_when_down)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Changes the sites that an app that still has `version` excludes; says whether it did.
pub async fn set_excluded_sites(tx: &mut Tx, id: AppId, version: i64, sites: &[String]) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update app set excluded_sites = $3, version = version + 1 where id = $1 and version = $2")
        .bind(id.0).bind(version).bind(Json(sites)).execute(c).await?.rows_affected())
        == 1)
}

/// Turns the burn-rate alerts of an app that still has `version` on or off; says whether it did.
pub async fn set_burn_rate_alerts(tx: &mut Tx, id: AppId, version: i64, on: bool) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update app set burn_rate_alerts = $3, version = version + 1 where id = $1 and version = $2")
        .bind(id.0).bind(version).bind(on).execute(c).await?.rows_affected())
        == 1)
}

/// The apps with these keys (in lower case) for which events are counted: registered, not archived, and of `partner` where
/// one is given. `Scope` is not asked, since a token asks and no person.
pub async fn receiving(db: &Db, partner: Option<PartnerId>, keys: &[String]) -> Result<Vec<Receiving>> {
    let mut found = Vec::new();
    // Both databases limit how many values one statement can have.
    for chunk in keys.chunks(10_000) {
        let rows: Vec<Receiving> = read!(db, pool => {
            let mut query = QueryBuilder::new(
                "select id, key_key, excluded_sites from app where archived_at is null and (");
            query.push_bind(partner.is_none()).push(" or partner_id = ")
                .push_bind(partner.map_or(Uuid::nil(), |partner| partner.0)).push(") and key_key in (");
            let mut list = query.separated(", ");
            chunk.iter().for_each(|key| { list.push_bind(key); });
            query.push(")");
            query.build_query_as().fetch_all(pool).await?
        });
        found.extend(rows);
    }
    Ok(found)
}

/// Starts or stops measuring; says whether that changed anything.
pub async fn set_measuring(tx: &mut Tx, id: AppId, since: Option<DateTime<Utc>>) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update app set measuring_since = $2, version = version + 1
         where id = $1 and (measuring_since is null) <> ($3)")
        .bind(id.0).bind(since).bind(since.is_none()).execute(c).await?.rows_affected())
        == 1)
}

/// Archives an app or takes it back; says whether that changed anything.
pub async fn set_archived(tx: &mut Tx, id: AppId, at: Option<DateTime<Utc>>) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update app set archived_at = $2, version = version + 1 where id = $1 and (archived_at is null) <> ($3)")
        .bind(id.0).bind(at).bind(at.is_none()).execute(c).await?.rows_affected())
        == 1)
}

/// Whether the partner has an app that is not archived.
pub async fn any_active(tx: &mut Tx, partner: PartnerId) -> Result<bool> {
    let count: i64 = write!(tx, c => query_scalar("select count(*) from app where partner_id = $1 and archived_at is null")
        .bind(partner.0).fetch_one(c).await?);
    Ok(count > 0)
}
