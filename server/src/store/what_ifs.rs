//! Replays of the stored history of all apps under a draft of the escalation policy, and what they found (SPEC section 6). Only
//! program managers see them, who see every app, so `Scope` is not asked.

use chrono::{DateTime, Utc};
use rampart_domain::{
    escalation::{EscalationPolicy, State},
    id::{AppId, UserId},
};
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Tx,
    db::{read, write},
    dialect::signed,
};

/// A replay that somebody asks for.
#[derive(Clone, Debug)]
pub struct NewRun<'a> {
    pub id: &'a str,
    pub by: UserId,
    /// The version that the draft is based on.
    pub base: u64,
    pub draft: &'a EscalationPolicy,
    /// When the draft is to take over; `None` for as soon as it is published.
    pub starts: Option<DateTime<Utc>>,
}

/// How far a replay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No server has begun it.
    Waiting,
    Running,
    Finished,
    Cancelled,
}

/// A replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: String,
    pub by: String,
    pub base: u64,
    pub draft: EscalationPolicy,
    pub starts: Option<DateTime<Utc>>,
    pub asked_at: DateTime<Utc>,
    /// The time up to which history is replayed; `None` before it has begun.
    pub as_of: Option<DateTime<Utc>>,
    pub status: Status,
    /// So many apps are done, of so many.
    pub done: i64,
    pub total: i64,
    /// So many were left out, because their facts contradict each other.
    pub stopped: i64,
}

/// An app that stands elsewhere under the draft, or was decided on otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    pub app: AppId,
    pub state: State,
    pub by_draft: State,
    pub later: State,
    pub later_with_draft: State,
    /// How many decisions differ, and the time of the first.
    pub decisions: i64,
    pub first_at: Option<DateTime<Utc>>,
}

/// The same with what the app is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub key: String,
    pub name: String,
    pub partner: String,
    pub differing: Differing,
}

/// What a replay found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// How many apps are in a state, and in which one by the draft.
    pub states: Vec<(State, State, i64)>,
    pub differing: Vec<Differing>,
    pub stopped: i64,
}

#[derive(FromRow)]
struct Row {
    id: String,
    by_name: String,
    base: i64,
    draft: String,
    starts: Option<i64>,
    asked_at: DateTime<Utc>,
    as_of: Option<i64>,
    status: String,
    done: i64,
    total: i64,
    stopped: i64,
}

#[derive(FromRow)]
struct DifferingRow {
    app_key: String,
    app_name: String,
    partner_name: String,
    app_id: Uuid,
    state: String,
    by_draft: String,
    later: String,
    later_with_draft: String,
    decisions: i64,
    first_at: Option<i64>,
}

fn time(seconds: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| Error::corrupt("time of a replay", seconds))
}

fn state(key: &str) -> Result<State> {
    key.parse().map_err(|_| Error::corrupt("state", key))
}

impl TryFrom<Row> for Run {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            by: row.by_name,
            base: u64::try_from(row.base).map_err(|_| Error::corrupt("version", row.base))?,
            draft: EscalationPolicy::parse(&row.draft).map_err(|error| Error::corrupt("escalation policy", error))?,
            starts: row.starts.map(time).transpose()?,
            asked_at: row.asked_at,
            as_of: row.as_of.map(time).transpose()?,
            status: match row.status.as_str() {
                "waiting" => Status::Waiting,
                "running" => Status::Running,
                "finished" => Status::Finished,
                "cancelled" => Status::Cancelled,
                other => return Err(Error::corrupt("status of a replay", other)),
            },
            done: row.done,
            total: row.total,
            stopped: row.stopped,
            id: row.id,
        })
    }
}

impl TryFrom<DifferingRow> for Named {
    type Error = Error;

    fn try_from(row: DifferingRow) -> Result<Self> {
        Ok(Self {
            differing: Differing {
                app: AppId(row.app_id),
                state: state(&row.state)?,
                by_draft: state(&row.by_draft)?,
                later: state(&row.later)?,
                later_with_draft: state(&row.later_with_draft)?,
                decisions: row.decisions,
                first_at: row.first_at.map(time).transpose()?,
            },
            key: row.app_key,
            name: row.app_name,
            partner: row.partner_name,
        })
    }
}

/// Has a replay wait for a server.
pub async fn ask(tx: &mut Tx, run: &NewRun<'_>, now: DateTime<Utc>) -> Result<()> {
    let draft = serde_json::to_string(run.draft).map_err(|error| Error::corrupt("escalation policy", error))?;
    write!(tx, c => query(
        "insert into what_if (id, account_id, base, draft, starts, asked_at, status, locked_until)
         values ($1, $2, $3, $4, $5, $6, 'waiting', $6)")
        .bind(run.id).bind(run.by.0).bind(signed(run.base)).bind(draft).bind(run.starts.map(|at| at.timestamp())).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The replay that has waited longest, or one that its server left, for this server until `locked_until`; history up to
/// `as_of` is what it replays.
pub async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    locked_until: DateTime<Utc>,
    as_of: DateTime<Utc>,
) -> Result<Option<Run>> {
    let row: Option<Row> = write!(tx, c => query_as(
        "update what_if set status = 'running', locked_until = $2, as_of = $3, done = 0
         where id = (select id from what_if
                     where status = 'waiting' or (status = 'running' and locked_until <= $1) order by asked_at, id limit 1)
           and (status = 'waiting' or (status = 'running' and locked_until <= $1))
         returning id, (select name from account where id = what_if.account_id) as by_name, base, draft, starts, asked_at,
                   as_of, status, done, total, stopped")
        .bind(now).bind(locked_until).bind(as_of.timestamp()).fetch_optional(c).await?);
    row.map(Run::try_from).transpose()
}

/// Notes how far a replay has come. Says whether to go on.
pub async fn advance(tx: &mut Tx, id: &str, done: i64, total: i64, locked_until: DateTime<Utc>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update what_if set done = $2, total = $3, locked_until = $4 where id = $1 and status = 'running'")
        .bind(id).bind(done).bind(total).bind(locked_until).execute(c).await?.rows_affected());
    Ok(rows > 0)
}

/// Keeps what a replay found, unless it was cancelled or another server was faster.
pub async fn finish(tx: &mut Tx, id: &str, findings: &Findings, now: DateTime<Utc>) -> Result<()> {
    let rows = write!(tx, c => query(
        "update what_if set status = 'finished', done = total, stopped = $2, ended_at = $3 where id = $1 and status = 'running'")
        .bind(id).bind(findings.stopped).bind(now).execute(c).await?.rows_affected());
    if rows == 0 {
        return Ok(());
    }
    for (state, by_draft, apps) in &findings.states {
        write!(tx, c => query("insert into what_if_state (what_if_id, state, by_draft, apps) values ($1, $2, $3, $4)")
            .bind(id).bind(state.as_str()).bind(by_draft.as_str()).bind(apps).execute(c).await?.rows_affected());
    }
    for some in findings.differing.chunks(1_000) {
        write!(tx, c => {
            let mut query = QueryBuilder::new(
                "insert into what_if_app (what_if_id, app_id, state, by_draft, later, later_with_draft, decisions, first_at) ");
            query.push_values(some, |mut row, differing| {
                row.push_bind(id).push_bind(differing.app.0).push_bind(differing.state.as_str())
                    .push_bind(differing.by_draft.as_str()).push_bind(differing.later.as_str())
                    .push_bind(differing.later_with_draft.as_str()).push_bind(differing.decisions)
                    .push_bind(differing.first_at.map(|at| at.timestamp()));
            });
            query.build().execute(c).await?.rows_affected()
        });
    }
    Ok(())
}

/// Ends a replay that has not finished. Says whether there was something to end.
pub async fn cancel(tx: &mut Tx, id: &str, now: DateTime<Utc>) -> Result<bool> {
    let rows = write!(tx, c => query(
        "update what_if set status = 'cancelled', ended_at = $2 where id = $1 and status in ('waiting', 'running')")
        .bind(id).bind(now).execute(c).await?.rows_affected());
    Ok(rows > 0)
}

/// A replay.
pub async fn get(db: &Db, id: &str) -> Result<Option<Run>> {
    let row: Option<Row> = read!(db, pool => query_as(
        "select w.id, a.name as by_name, w.base, w.draft, w.starts, w.asked_at, w.as_of, w.status, w.done, w.total, w.stopped
         from what_if w join account a on a.id = w.account_id where w.id = $1")
        .bind(id).fetch_optional(pool).await?);
    row.map(Run::try_from).transpose()
}

/// How many apps a replay found in a state, and in which one by the draft.
pub async fn states(db: &Db, id: &str) -> Result<Vec<(State, State, i64)>> {
    let rows: Vec<(String, String, i64)> = read!(db, pool => query_as(
        "select state, by_draft, apps from what_if_state where what_if_id = $1 order by state, by_draft")
        .bind(id).fetch_all(pool).await?);
    rows.into_iter()
        .map(|(now, by_draft, apps)| Ok((state(&now)?, state(&by_draft)?, apps)))
        .collect()
}

/// How many apps differ.
pub async fn count_differing(db: &Db, id: &str) -> Result<i64> {
    Ok(
        read!(db, pool => query_scalar("select count(*) from what_if_app where what_if_id = $1").bind(id).fetch_one(pool).await?),
    )
}

/// One page of the apps that differ: those that publishing moves first, then those that would stand elsewhere now, then those
/// with most decisions that differ.
pub async fn differing(db: &Db, id: &str, offset: i64, limit: i64) -> Result<Vec<Named>> {
    let rows: Vec<DifferingRow> = read!(db, pool => query_as(
        "select a.key as app_key, a.name as app_name, p.name as partner_name, w.app_id, w.state, w.by_draft, w.later,
                w.later_with_draft, w.decisions, w.first_at
         from what_if_app w join app a on a.id = w.app_id join partner p on p.id = a.partner_id
         where w.what_if_id = $1
         order by case when w.later <> w.later_with_draft then 0 when w.state <> w.by_draft then 1 else 2 end,
                  w.decisions desc, a.name_key, a.id limit $2 offset $3")
        .bind(id).bind(limit).bind(offset).fetch_all(pool).await?);
    rows.into_iter().map(Named::try_from).collect()
}

/// Forgets the replays that were asked for before `before`.
pub async fn delete_asked_before(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    Ok(write!(tx, c => query("delete from what_if where asked_at < $1").bind(before).execute(c).await?.rows_affected()))
}
