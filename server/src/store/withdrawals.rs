//! Announced withdrawals of designations (SPEC section 3): of an app at most one is open.

use chrono::{DateTime, Utc};
use rampart_domain::id::{AppId, UserId, WithdrawalId};
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{of_apps, read, write},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    pub id: WithdrawalId,
    pub app: AppId,
    pub announced_by: String,
    pub announced_at: DateTime<Utc>,
    /// When the designation is withdrawn.
    pub effective_at: DateTime<Utc>,
    pub why: String,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    app_id: Uuid,
    by_name: String,
    announced_at: DateTime<Utc>,
    effective_at: DateTime<Utc>,
    why: String,
}

impl From<Row> for Withdrawal {
    fn from(row: Row) -> Self {
        Self {
            id: WithdrawalId(row.id),
            app: AppId(row.app_id),
            announced_by: row.by_name,
            announced_at: row.announced_at,
            effective_at: row.effective_at,
            why: row.why,
        }
    }
}

/// Announces a withdrawal, unless one of the app is open; says whether it did.
pub async fn announce(
    tx: &mut Tx,
    id: WithdrawalId,
    app: AppId,
    (by, why): (UserId, &str),
    (at, effective_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool> {
    let rows = write!(tx, c => query(
        "insert into withdrawal (id, app_id, announced_by, announced_at, effective_at, why) values ($1, $2, $3, $4, $5, $6)
         on conflict (app_id) where ended_at is null do nothing")
        .bind(id.0).bind(app.0).bind(by.0).bind(at).bind(effective_at).bind(why).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Ends a withdrawal that is open: it is carried out, or called off by a person, or no longer needed. Says whether it was open.
pub async fn end(tx: &mut Tx, id: WithdrawalId, at: DateTime<Utc>, (by, why): (Option<UserId>, &str)) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update withdrawal set ended_at = $2, ended_by = $3, ended_why = $4 where id = $1 and ended_at is null")
        .bind(id.0).bind(at).bind(by.map(|by| by.0)).bind(why).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The open withdrawal of an app, for whoever changes it.
pub async fn open_for(tx: &mut Tx, app: AppId) -> Result<Option<Withdrawal>> {
    let row: Option<Row> = write!(tx, c => query_as(
        "select w.id, w.app_id, u.name as by_name, w.announced_at, w.effective_at, w.why
         from withdrawal w join account u on u.id = w.announced_by where w.app_id = $1 and w.ended_at is null")
        .bind(app.0).fetch_optional(c).await?);
    Ok(row.map(Withdrawal::from))
}

/// The open withdrawals of some apps that the reader may see.
pub async fn of_apps(db: &Db, scope: Scope, apps: &[AppId]) -> Result<Vec<Withdrawal>> {
    if apps.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = of_apps!(
        db,
        scope,
        apps,
        "select w.id, w.app_id, u.name as by_name, w.announced_at, w.effective_at, w.why
         from withdrawal w join app a on a.id = w.app_id and w.ended_at is null join account u on u.id = w.announced_by",
        "w.app_id",
        "order by w.app_id"
    );
    Ok(rows.into_iter().map(Withdrawal::from).collect())
}

/// The apps of which a withdrawal is open and in effect at this time, the first first.
pub async fn due(db: &Db, now: DateTime<Utc>) -> Result<Vec<AppId>> {
    let ids: Vec<Uuid> = read!(db, pool => sqlx::query_scalar(
        "select app_id from withdrawal where ended_at is null and effective_at <= $1 order by effective_at, app_id")
        .bind(now).fetch_all(pool).await?);
    Ok(ids.into_iter().map(AppId).collect())
}
