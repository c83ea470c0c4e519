//! Occurrences: counted episodes of an app that are one breach to the escalation engine (SPEC section 2).

use rampart_domain::{
    alert::{OCCURRENCE_GAP, Occurrence},
    count::Minute,
    id::{AppId, EpisodeId, OccurrenceId},
};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
};

/// An occurrence, closed or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub id: OccurrenceId,
    pub app: AppId,
    pub app_key: String,
    /// Its name in facts.
    pub breach: String,
    pub span: Occurrence,
    /// The tick at which the first of its episodes began to count.
    pub counted_at: Minute,
    /// The tick at which it was closed.
    pub closed_at: Option<Minute>,
    /// Whether all of its episodes are excused.
    pub excused: bool,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    app_id: Uuid,
    app_key: String,
    breach: String,
    opened_tick: i64,
    counted_tick: i64,
    ended_tick: Option<i64>,
    closed_tick: Option<i64>,
    excused: bool,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        Self {
            id: OccurrenceId(row.id),
            app: AppId(row.app_id),
            app_key: row.app_key,
            breach: row.breach,
            span: Occurrence::of(Minute(row.opened_tick), row.ended_tick.map(Minute)),
            counted_at: Minute(row.counted_tick),
            closed_at: row.closed_tick.map(Minute),
            excused: row.excused,
        }
    }
}

fn all(rows: Vec<Row>) -> Vec<Stored> {
    rows.into_iter().map(Stored::from).collect()
}

/// Begins an occurrence, not excused, with no episode yet.
pub async fn begin(
    tx: &mut Tx,
    id: OccurrenceId,
    app: AppId,
    breach: &str,
    span: Occurrence,
    counted_at: Minute,
) -> Result<()> {
    write!(tx, c => query(
        "insert into occurrence (id, app_id, breach, opened_tick, counted_tick, ended_tick, excused) values ($1, $2, $3, $4, $5, $6, $7)")
        .bind(id.0).bind(app.0).bind(breach).bind(span.opened_at.0).bind(counted_at.0).bind(span.ended_at.map(|m| m.0)).bind(false)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Puts an episode into an occurrence.
pub async fn join(tx: &mut Tx, id: OccurrenceId, episode: EpisodeId) -> Result<()> {
    write!(tx, c => query("update episode set occurrence_id = $2 where id = $1")
        .bind(episode.0).bind(id.0).execute(c).await?.rows_affected());
    Ok(())
}

/// The occurrences of an app that are not closed, the first one first.
pub async fn unclosed(tx: &mut Tx, app: AppId) -> Result<Vec<Stored>> {
    let rows = write!(tx, c => query_as(
        "select o.*, a.key as app_key from occurrence o join app a on a.id = o.app_id
         where o.app_id = $1 and o.closed_tick is null order by o.opened_tick, o.id")
        .bind(app.0).fetch_all(c).await?);
    Ok(all(rows))
}

/// Makes an occurrence what its episodes are. Returns it as it is now when it has become excused by that, or no longer is.
pub async fn refresh(tx: &mut Tx, id: OccurrenceId) -> Result<Option<Stored>> {
    let before: bool = write!(tx, c => query_scalar("select excused from occurrence where id = $1")
        .bind(id.0).fetch_one(c).await?);
    let now: Row = write!(tx, c => query_as(
        "update occurrence
         set opened_tick = (select min(opened_tick) from episode where occurrence_id = $1),
             ended_tick = (select case when count(*) = count(closed_tick) then max(closed_tick) end from episode where occurrence_id = $1),
             excused = not exists (select 1 from episode where occurrence_id = $1 and not excused)
         where id = $1 returning *, (select key from app where app.id = app_id) as app_key")
        .bind(id.0).fetch_one(c).await?);
    Ok((now.excused != before).then(|| now.into()))
}

/// The occurrences that close by `tick`, in the order of their ends: the last of their episodes ended 6 h before, and none is
/// open that may still turn out to belong to them.
pub async fn due(tx: &mut Tx, tick: Minute) -> Result<Vec<Stored>> {
    let rows = write!(tx, c => query_as(
        "select o.*, a.key as app_key from occurrence o join app a on a.id = o.app_id where o.closed_tick is null and o.ended_tick <= $1 - $2
           and not exists (select 1 from episode e where e.app_id = o.app_id and e.closed_tick is null and e.counted_tick is null
                                                     and e.opened_tick <= o.ended_tick + $2)
         order by o.ended_tick, o.id")
        .bind(tick.0).bind(OCCURRENCE_GAP).fetch_all(c).await?);
    Ok(all(rows))
}

/// When the next occurrence is due to close, if no episode that is open keeps it.
pub async fn next_due(db: &Db) -> Result<Option<Minute>> {
    let ended: Option<i64> = read!(db, pool => query_scalar(
        "select min(o.ended_tick) from occurrence o where o.closed_tick is null
           and not exists (select 1 from episode e where e.app_id = o.app_id and e.closed_tick is null and e.counted_tick is null
                                                     and e.opened_tick <= o.ended_tick + $1)")
        .bind(OCCURRENCE_GAP).fetch_one(pool).await?);
    Ok(ended.map(|ended| Minute(ended) + OCCURRENCE_GAP))
}

/// Closes an occurrence.
pub async fn close(tx: &mut Tx, id: OccurrenceId, tick: Minute) -> Result<()> {
    write!(tx, c => query("update occurrence set closed_tick = $2 where id = $1 and closed_tick is null")
        .bind(id.0).bind(tick.0).execute(c).await?.rows_affected());
    Ok(())
}

/// An occurrence of an app that the reader may see.
pub async fn find(db: &Db, scope: Scope, id: OccurrenceId) -> Result<Option<Stored>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "select o.*, a.key as app_key from occurrence o join app a on a.id = o.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and o.id = $3")
        .bind(scope.everything()).bind(scope.account()).bind(id.0).fetch_optional(pool).await?);
    Ok(row.map(Stored::from))
}

/// The occurrence that facts about an app name so, as far as the reader may see it.
pub async fn by_breach(db: &Db, scope: Scope, app: AppId, breach: &str) -> Result<Option<Stored>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "select o.*, a.key as app_key from occurrence o join app a on a.id = o.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and o.app_id = $3 and o.breach = $4")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).bind(breach).fetch_optional(pool).await?);
    Ok(row.map(Stored::from))
}
