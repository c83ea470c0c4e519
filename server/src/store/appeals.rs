//! Appeals: what they are about, and what was decided on them (SPEC section 6). When, by whom and why is said by their facts.

use chrono::{DateTime, Utc};
use rampart_domain::{escalation::Text, id::AppId};
use sqlx::{FromRow, query, query_as, types::Json};

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

/// An appeal, decided or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    /// The fact `appeal_opened`.
    pub fact: Text,
    pub opened_at: DateTime<Utc>,
    pub why: String,
    /// Ids of breaches and misses.
    pub about: Vec<Text>,
    pub closed: Option<Closed>,
}

/// What was decided on an appeal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub at: DateTime<Utc>,
    pub why: String,
    pub granted: bool,
    /// In words.
    pub effect: String,
}

/// An appeal that waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub app_key: String,
    pub app_name: String,
    pub since: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    fact: String,
    opened_at: i64,
    why: Option<String>,
    about: Json<Vec<Text>>,
    closed_at: Option<i64>,
    closed_why: Option<String>,
    granted: Option<bool>,
    effect: Option<String>,
}

fn time(seconds: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| Error::corrupt("time of an appeal", seconds))
}

/// Notes what an appeal is about.
pub async fn open(tx: &mut Tx, fact: &Text, app: AppId, about: &[Text]) -> Result<()> {
    write!(tx, c => query("insert into appeal (fact, app_id, about) values ($1, $2, $3)")
        .bind(fact.as_str()).bind(app.0).bind(Json(about)).execute(c).await?.rows_affected());
    Ok(())
}

/// Notes what was decided on an appeal, by the fact that closed it.
pub async fn close(tx: &mut Tx, appeal: &Text, fact: &Text, granted: bool, effect: &str) -> Result<()> {
    write!(tx, c => query("insert into appeal_verdict (appeal, fact, granted, effect) values ($1, $2, $3, $4)")
        .bind(appeal.as_str()).bind(fact.as_str()).bind(granted).bind(effect).execute(c).await?.rows_affected());
    Ok(())
}

/// The appeals about an app that the reader may see, the first first.
pub async fn of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Appeal>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select p.fact, f.at as opened_at, f.why, p.about, c.at as closed_at, c.why as closed_why, v.granted, v.effect
         from appeal p join fact f on f.id = p.fact join app a on a.id = p.app_id
           left join appeal_verdict v on v.appeal = p.fact left join fact c on c.id = v.fact
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and p.app_id = $3
         order by f.seq")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?);
    rows.into_iter()
        .map(|row| {
            let closed = match (row.closed_at, row.granted) {
                (Some(at), Some(granted)) => Some(Closed {
                    at: time(at)?,
                    why: row.closed_why.unwrap_or_default(),
                    granted,
                    effect: row.effect.unwrap_or_default(),
                }),
                _ => None,
            };
            Ok(Appeal {
                fact: row.fact.into(),
                opened_at: time(row.opened_at)?,
                why: row.why.unwrap_or_default(),
                about: row.about.0,
                closed,
            })
        })
        .collect()
}

/// The appeals that wait for a decision, about apps that the reader may see, the oldest first.
pub async fn waiting(db: &Db, scope: Scope) -> Result<Vec<Waiting>> {
    let rows: Vec<(String, String, i64)> = read!(db, pool => query_as(
        "select a.key, a.name, f.at from fact f join app a on a.id = f.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and a.archived_at is null
           and f.kind in ('appeal_opened', 'appeal_closed') -- as its index has it
           and f.kind = 'appeal_opened'
           and not exists (select 1 from fact_set_aside s where s.fact = f.id)
           and not exists (select 1 from fact o where o.app_id = f.app_id and o.kind in ('appeal_opened', 'appeal_closed')
                                                  and o.seq > f.seq
                                                  and not exists (select 1 from fact_set_aside s where s.fact = o.id))
         order by f.seq")
        .bind(scope.everything()).bind(scope.account()).fetch_all(pool).await?);
    rows.into_iter()
        .map(|(app_key, app_name, at)| {
            Ok(Waiting {
                app_key,
                app_name,
                since: time(at)?,
            })
        })
        .collect()
}

/// Since when an appeal about an app that the reader may see waits for a decision.
pub async fn waiting_of(db: &Db, scope: Scope, app: AppId) -> Result<Option<DateTime<Utc>>> {
    let last: Option<(String, i64)> = read!(db, pool => query_as(
        "select f.kind, f.at from fact f join app a on a.id = f.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2)) and f.app_id = $3
           and f.kind in ('appeal_opened', 'appeal_closed')
           and not exists (select 1 from fact_set_aside s where s.fact = f.id) order by f.seq desc limit 1")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_optional(pool).await?);
    last.filter(|(kind, _)| kind == "appeal_opened")
        .map(|(_, at)| time(at))
        .transpose()
}
