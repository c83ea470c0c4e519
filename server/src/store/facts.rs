//! What the escalation engine rests on, in the order in which it became known (SPEC section 6). Facts are only added.

use chrono::{DateTime, Utc};
use rampart_domain::{escalation::Fact, id::AppId};
use sqlx::{query, query_as, query_scalar};

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

/// Files a fact; `app` is the app it names. Its time becomes that of the last fact where that is later, since facts are in
/// order of time. Whoever files another one waits until this transaction ends.
pub async fn file(tx: &mut Tx, app: Option<AppId>, mut fact: Fact) -> Result<Fact> {
    let (seq, at): (i64, i64) = write!(tx, c => query_as(
        "update fact_head set seq = seq + 1, at = case when at < $1 then $1 else at end where id = 1 returning seq, at")
        .bind(fact.at.timestamp()).fetch_one(c).await?);
    fact.at = DateTime::from_timestamp(at, 0).ok_or_else(|| Error::corrupt("time of a fact", at))?;
    let line = serde_json::to_string(&fact).map_err(|error| Error::corrupt("fact", error))?;
    write!(tx, c => query("insert into fact (seq, id, at, app_id, kind, line) values ($1, $2, $3, $4, $5, $6)")
        .bind(seq).bind(fact.id.as_str()).bind(at).bind(app.map(|app| app.0)).bind(fact.kind.name()).bind(&line)
        .execute(c).await?.rows_affected());
    Ok(fact)
}

/// The facts of an app that the reader may see, and those of all apps, in order.
pub async fn of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Fact>> {
    facts(read!(db, pool => query_scalar(
        "select f.line from fact f left join app a on a.id = f.app_id
         where f.app_id is null
            or (f.app_id = $3 and ($1 or a.partner_id in (select partner_id from membership where account_id = $2)))
         order by f.seq")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?))
}

/// The time of the last fact; the start of 1970 before the first.
pub async fn latest(db: &Db) -> Result<DateTime<Utc>> {
    let at: i64 = read!(db, pool => query_scalar("select at from fact_head").fetch_one(pool).await?);
    DateTime::from_timestamp(at, 0).ok_or_else(|| Error::corrupt("time of a fact", at))
}

fn facts(lines: Vec<String>) -> Result<Vec<Fact>> {
    lines
        .iter()
        .map(|line| Fact::parse(line).map_err(|error| Error::corrupt("fact", error)))
        .collect()
}
