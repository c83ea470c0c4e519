//! Approval tickets (SPEC section 3): one for each time an owner asks that an app gets the designation, at most one of them
//! open.

use chrono::{DateTime, Utc};
use rampart_domain::id::{AppId, TicketId, UserId};
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub id: TicketId,
    pub app: AppId,
    pub opened_at: DateTime<Utc>,
    pub opened_by: String,
    /// When program managers were told that everything required is done.
    pub ready_at: Option<DateTime<Utc>>,
    pub verdict: Option<Verdict>,
}

/// What became of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub approved: bool,
    pub why: String,
    pub by: String,
    pub at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    app_id: Uuid,
    opened_at: DateTime<Utc>,
    opened_name: String,
    ready_at: Option<DateTime<Utc>>,
    decided_at: Option<DateTime<Utc>>,
    decided_name: Option<String>,
    approved: Option<bool>,
    why: Option<String>,
}

impl From<Row> for Ticket {
    fn from(row: Row) -> Self {
        let said = row.approved.zip(row.why);
        let verdict = said
            .zip(row.decided_name.zip(row.decided_at))
            .map(|((approved, why), (by, at))| Verdict { approved, why, by, at });
        Self {
            id: TicketId(row.id),
            app: AppId(row.app_id),
            opened_at: row.opened_at,
            opened_by: row.opened_name,
            ready_at: row.ready_at,
            verdict,
        }
    }
}

/// Opens a ticket, unless one of the app is open; says whether it did.
pub async fn open(tx: &mut Tx, id: TicketId, app: AppId, by: UserId, now: DateTime<Utc>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "insert into approval_ticket (id, app_id, opened_at, opened_by) values ($1, $2, $3, $4)
         on conflict (app_id) where decided_at is null do nothing")
        .bind(id.0).bind(app.0).bind(now).bind(by.0).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Notes that program managers are told that everything required is done; says whether that is news.
pub async fn set_ready(tx: &mut Tx, id: TicketId, now: DateTime<Utc>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update approval_ticket set ready_at = $2 where id = $1 and ready_at is null and decided_at is null")
        .bind(id.0).bind(now).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// Decides on a ticket; says whether it was open.
pub async fn decide(
    tx: &mut Tx,
    id: TicketId,
    by: UserId,
    (approved, why): (bool, &str),
    now: DateTime<Utc>,
) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update approval_ticket set decided_at = $2, decided_by = $3, approved = $4, why = $5
         where id = $1 and decided_at is null")
        .bind(id.0).bind(now).bind(by.0).bind(approved).bind(why).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

/// The open ticket of an app, for whoever decides on it.
pub async fn open_for(tx: &mut Tx, app: AppId) -> Result<Option<Ticket>> {
    let row: Option<Row> = write!(tx, c => query_as(
        "select t.*, o.name as opened_name, null as decided_name
         from approval_ticket t join account o on o.id = t.opened_by where t.app_id = $1 and t.decided_at is null")
        .bind(app.0).fetch_optional(c).await?);
    Ok(row.map(Ticket::from))
}

/// The tickets of an app that the reader may see, the latest first.
pub async fn of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Ticket>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select t.*, o.name as opened_name, d.name as decided_name
         from approval_ticket t join app a on a.id = t.app_id join account o on o.id = t.opened_by
              left join account d on d.id = t.decided_by
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and t.app_id = $3
         order by t.opened_at desc, t.id desc")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?);
    Ok(rows.into_iter().map(Ticket::from).collect())
}

/// The open tickets that the reader may see, of apps that are not archived, the oldest first.
pub async fn open_ones(db: &Db, scope: Scope) -> Result<Vec<Ticket>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select t.*, o.name as opened_name, null as decided_name
         from approval_ticket t join app a on a.id = t.app_id join account o on o.id = t.opened_by
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and t.decided_at is null and a.archived_at is null
         order by t.opened_at, t.id")
        .bind(scope.everything()).bind(scope.account()).fetch_all(pool).await?);
    Ok(rows.into_iter().map(Ticket::from).collect())
}
