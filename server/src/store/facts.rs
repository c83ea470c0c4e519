//! What the escalation engine rests on, in the order in which it became known (SPEC section 6). Facts are only added.

use chrono::{DateTime, Utc};
use rampart_domain::{
    escalation::{Fact, Text},
    id::{AppId, UserId},
};
use sqlx::{QueryBuilder, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Scope, Tx,
    db::{read, write},
};

/// Who filed a fact, and the reason they gave.
#[derive(Clone, Copy, Debug)]
pub struct FiledBy<'a> {
    pub account: UserId,
    pub why: &'a str,
}

/// Files a fact; `app` is the app it names, `by` whoever filed it unless that is Rampart itself. Its time becomes that of the
/// last fact where that is later, since facts are in order of time. Whoever files another one waits until this transaction
/// ends.
pub async fn file(tx: &mut Tx, app: Option<AppId>, mut fact: Fact, by: Option<FiledBy<'_>>) -> Result<Fact> {
    let (seq, at): (i64, i64) = write!(tx, c => query_as(
        "update fact_head set seq = seq + 1, at = case when at < $1 then $1 else at end where id = 1 returning seq, at")
        .bind(fact.at.timestamp()).fetch_one(c).await?);
    fact.at = DateTime::from_timestamp(at, 0).ok_or_else(|| Error::corrupt("time of a fact", at))?;
    let line = serde_json::to_string(&fact).map_err(|error| Error::corrupt("fact", error))?;
    write!(tx, c => query(
        "insert into fact (seq, id, at, app_id, kind, line, filed_by, why) values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(seq).bind(fact.id.as_str()).bind(at).bind(app.map(|app| app.0)).bind(fact.kind.name()).bind(&line)
        .bind(by.map(|by| by.account.0)).bind(by.map(|by| by.why)).execute(c).await?.rows_affected());
    Ok(fact)
}

/// The facts of an app that the reader may see, and those of all apps, in order.
pub async fn of_app(db: &Db, scope: Scope, app: AppId) -> Result<Vec<Fact>> {
    facts(read!(db, pool => query_as(
        "select f.seq, f.id, f.line from fact f left join app a on a.id = f.app_id
         where (f.app_id is null
                or (f.app_id = $3 and ($1 or a.partner_id in (select partner_id from membership where account_id = $2))))
           and not exists (select 1 from fact_set_aside s where s.fact = f.id)
         order by f.seq")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?))
}

/// Has no fact filed, here or by another server, until this transaction ends. Returns `now`, or the time of the last fact
/// where that is later: no fact lies after it, and none that is filed later will lie before it.
pub async fn hold(tx: &mut Tx, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let at: i64 = write!(tx, c => query_scalar(
        "update fact_head set at = case when at < $1 then $1 else at end where id = 1 returning at")
        .bind(now.timestamp()).fetch_one(c).await?);
    DateTime::from_timestamp(at, 0).ok_or_else(|| Error::corrupt("time of a fact", at))
}

/// The facts of an app and those of all apps, in order, unless one of them makes no sense, and the number of the last one; for
/// whoever decides on them.
pub async fn to_decide_on(tx: &mut Tx, app: AppId) -> Result<(Result<Vec<Fact>>, i64)> {
    let lines: Vec<Line> = write!(tx, c => query_as(
        "select f.seq, f.id, f.line from fact f
         where (f.app_id = $1 or f.app_id is null) and not exists (select 1 from fact_set_aside s where s.fact = f.id)
         order by f.seq")
        .bind(app.0).fetch_all(c).await?);
    let last = lines.last().map_or(0, |(seq, ..)| *seq);
    Ok((facts(lines), last))
}

/// Everything, in order; for an export and for what-if.
pub async fn all(db: &Db) -> Result<Vec<Fact>> {
    facts(read!(db, pool => query_as(
        "select f.seq, f.id, f.line from fact f where not exists (select 1 from fact_set_aside s where s.fact = f.id) order by f.seq")
        .fetch_all(pool).await?))
}

/// The apps that have facts, with their keys, in the order of their ids.
pub async fn apps(db: &Db) -> Result<Vec<(AppId, Text)>> {
    let rows: Vec<(Uuid, String)> = read!(db, pool => query_as(
        "select a.id, a.key from app a where exists (select 1 from fact f where f.app_id = a.id) order by a.id")
        .fetch_all(pool).await?);
    Ok(rows.into_iter().map(|(id, key)| (AppId(id), key.into())).collect())
}

/// The facts of the apps from `first` to `last`, in the order of their ids, each with its number; an app of which one makes no
/// sense has none.
pub async fn of_apps(db: &Db, scope: Scope, first: AppId, last: AppId) -> Result<Vec<(AppId, Vec<(i64, Fact)>)>> {
    // One row an app: a row for each fact would take longer to hand over than everything else.
    let rows: Vec<(Uuid, String)> = read!(db, pool => query_as(
        "select f.app_id, string_agg(cast(f.seq as text) || ' ' || f.line, $5 order by f.seq)
         from fact f join app a on a.id = f.app_id
         where ($1 or a.partner_id in (select partner_id from membership where account_id = $2))
           and f.app_id >= $3 and f.app_id <= $4
           and not exists (select 1 from fact_set_aside s where s.fact = f.id)
         group by f.app_id order by f.app_id")
        .bind(scope.everything()).bind(scope.account()).bind(first.0).bind(last.0).bind(LINE_END.to_string()).fetch_all(pool).await?);
    let numbered = |line: &str| {
        let (seq, line) = line.split_once(' ')?;
        Some((seq.parse().ok()?, Fact::parse(line).ok()?))
    };
    let facts = |lines: String| {
        lines
            .split(LINE_END)
            .map(numbered)
            .collect::<Option<_>>()
            .unwrap_or_default()
    };
    Ok(rows.into_iter().map(|(id, lines)| (AppId(id), facts(lines))).collect())
}

/// The facts of all apps alike, in order, each with its number.
pub async fn of_all_apps(db: &Db) -> Result<Vec<(i64, Fact)>> {
    let lines: Vec<Line> = read!(db, pool => query_as(
        "select f.seq, f.id, f.line from fact f
         where f.app_id is null and not exists (select 1 from fact_set_aside s where s.fact = f.id) order by f.seq")
        .fetch_all(pool).await?);
    let numbers: Vec<_> = lines.iter().map(|(number, ..)| *number).collect();
    Ok(numbers.into_iter().zip(facts(lines)?).collect())
}

/// The policy that was published last, for whoever publishes the next one.
pub async fn policy_in_force(tx: &mut Tx) -> Result<Option<Fact>> {
    let line: Option<Line> = write!(tx, c => query_as(
        "select f.seq, f.id, f.line from fact f
         where f.app_id is null and f.kind = 'policy_published'
           and not exists (select 1 from fact_set_aside s where s.fact = f.id) order by f.seq desc limit 1")
        .fetch_optional(c).await?);
    Ok(facts(line.into_iter().collect())?.pop())
}

/// Who filed these facts, those that a person filed.
pub async fn filed_by(tx: &mut Tx, ids: &[Text]) -> Result<Vec<(Text, UserId)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, Uuid)> = write!(tx, c => {
        let mut query = QueryBuilder::new("select id, filed_by from fact where filed_by is not null and id in (");
        let mut list = query.separated(", ");
        ids.iter().for_each(|id| { list.push_bind(id.to_string()); });
        query.push(")");
        query.build_query_as().fetch_all(c).await?
    });
    Ok(rows.into_iter().map(|(id, by)| (id.into(), UserId(by))).collect())
}

/// Whether a fact is about all apps alike.
pub async fn is_of_all_apps(tx: &mut Tx, fact: &Text) -> Result<bool> {
    let known: Option<i64> = write!(tx, c => query_scalar("select seq from fact where id = $1 and app_id is null")
        .bind(fact.as_str()).fetch_optional(c).await?);
    Ok(known.is_some())
}

/// The last fact of this kind about an app.
pub async fn latest_of(tx: &mut Tx, app: AppId, kind: &str) -> Result<Option<Text>> {
    let id: Option<String> = write!(tx, c => query_scalar(
        "select f.id from fact f
         where f.app_id = $1 and f.kind = $2 and not exists (select 1 from fact_set_aside s where s.fact = f.id)
         order by f.seq desc limit 1")
        .bind(app.0).bind(kind).fetch_optional(c).await?);
    Ok(id.map(Into::into))
}

/// Whether a fact of this kind about an app was filed at this time or later.
pub async fn is_filed_since(tx: &mut Tx, app: AppId, kind: &str, since: DateTime<Utc>) -> Result<bool> {
    Ok(
        write!(tx, c => query_scalar::<_, i64>("select count(*) from fact where app_id = $1 and kind = $2 and at >= $3")
        .bind(app.0).bind(kind).bind(since.timestamp()).fetch_one(c).await?)
            > 0,
    )
}

/// Whether enforcement is frozen for every app.
pub async fn all_frozen(tx: &mut Tx) -> Result<bool> {
    let kind: Option<String> = write!(tx, c => query_scalar(
        "select f.kind from fact f
         where f.app_id is null and f.kind in ('frozen', 'thawed')
           and not exists (select 1 from fact_set_aside s where s.fact = f.id)
         order by f.seq desc limit 1")
        .fetch_optional(c).await?);
    Ok(kind.as_deref() == Some("frozen"))
}

/// The time of the last fact; the start of 1970 before the first.
pub async fn latest(db: &Db) -> Result<DateTime<Utc>> {
    let at: i64 = read!(db, pool => query_scalar("select at from fact_head").fetch_one(pool).await?);
    DateTime::from_timestamp(at, 0).ok_or_else(|| Error::corrupt("time of a fact", at))
}

/// Between the facts of an app; the line of a fact has none.
const LINE_END: char = '\n';

/// A fact that was set aside, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    pub id: Text,
    /// `None` when it cannot be read.
    pub fact: Option<Fact>,
    pub why: String,
    pub at: DateTime<Utc>,
}

/// Leaves a fact out of everything from now on; every reader of facts does.
pub async fn set_aside(tx: &mut Tx, fact: &Text, by: UserId, why: &str, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("insert into fact_set_aside (fact, set_by, set_at, why) values ($1, $2, $3, $4)")
        .bind(fact.as_str()).bind(by.0).bind(now).bind(why).execute(c).await?.rows_affected());
    Ok(())
}

/// The facts about an app that the reader may see, and those of all apps, that were set aside, the first first.
pub async fn set_aside_of(db: &Db, scope: Scope, app: AppId) -> Result<Vec<SetAside>> {
    let rows: Vec<(String, String, String, DateTime<Utc>)> = read!(db, pool => query_as(
        "select f.id, f.line, s.why, s.set_at from fact_set_aside s join fact f on f.id = s.fact left join app a on a.id = f.app_id
         where f.app_id is null
            or (f.app_id = $3 and ($1 or a.partner_id in (select partner_id from membership where account_id = $2)))
         order by s.set_at, f.seq")
        .bind(scope.everything()).bind(scope.account()).bind(app.0).fetch_all(pool).await?);
    let rows = rows.into_iter().map(|(id, line, why, at)| SetAside {
        id: id.into(),
        fact: Fact::parse(&line).ok(),
        why,
        at,
    });
    Ok(rows.collect())
}

/// Number, id and line of a fact.
type Line = (i64, String, String);

fn facts(lines: Vec<Line>) -> Result<Vec<Fact>> {
    let facts = lines.into_iter().map(|(number, fact, line)| {
        Fact::parse(&line).map_err(|error| Error::UnreadableFact {
            fact,
            number,
            why: error.to_string(),
        })
    });
    facts.collect()
}
