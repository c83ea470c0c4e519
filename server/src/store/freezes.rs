//! Why every app is frozen, and until when (SPEC section 6). Whether it is, the facts say.

use chrono::{DateTime, Utc};
use rampart_domain::{count::Minute, escalation::Text, id::UserId};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Error, Result, Tx,
    db::{read, write},
};

/// A freeze of every app that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// The fact `frozen`.
    pub fact: Text,
    pub since: DateTime<Utc>,
    pub cause: Cause,
}

/// Who or what froze every app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A program manager; only a person thaws it.
    Person { name: String, why: String },
    /// Gaps in what Rampart itself measured or was sent.
    Gaps {
        /// What the last of them rests on.
        why: String,
        /// When the last of them ended, as far as is known.
        ended: DateTime<Utc>,
        kept: Option<Kept>,
    },
}

/// That a program manager keeps a freeze of Rampart's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub by: String,
    pub at: DateTime<Utc>,
    pub why: String,
}

#[derive(FromRow)]
struct Row {
    id: String,
    kind: String,
    at: i64,
    why: Option<String>,
    by_name: Option<String>,
    cause: Option<String>,
    ended: Option<i64>,
    kept_at: Option<DateTime<Utc>>,
    kept_why: Option<String>,
    kept_name: Option<String>,
}

/// The last freeze or thaw of every app, with what is known of it.
const LAST: &str = "select f.id, f.kind, f.at, f.why, p.name as by_name,
            (select l.authority from freeze_cause c join ledger l on l.id = c.gap where c.fact = f.id
             order by l.to_minute desc, l.id limit 1) as cause,
            (select max(l.to_minute) from freeze_cause c join ledger l on l.id = c.gap where c.fact = f.id) as ended,
            k.kept_at, k.why as kept_why, b.name as kept_name
     from fact f left join account p on p.id = f.filed_by
       left join freeze_kept k on k.fact = f.id left join account b on b.id = k.kept_by
     where f.app_id is null and f.kind in ('frozen', 'thawed')
       and not exists (select 1 from fact_set_aside s where s.fact = f.id)
     order by f.seq desc limit 1";

/// The freeze of every app that is in force, for whoever changes it.
pub async fn present(tx: &mut Tx) -> Result<Option<Freeze>> {
    let row: Option<Row> = write!(tx, c => query_as(LAST).fetch_optional(c).await?);
    row.map_or(Ok(None), freeze)
}

/// The freeze of every app that is in force, for whoever reads of it; it is everybody's to see.
pub async fn shown(db: &Db) -> Result<Option<Freeze>> {
    let row: Option<Row> = read!(db, pool => query_as(LAST).fetch_optional(pool).await?);
    row.map_or(Ok(None), freeze)
}

fn freeze(row: Row) -> Result<Option<Freeze>> {
    if row.kind != "frozen" {
        return Ok(None);
    }
    let since = DateTime::from_timestamp(row.at, 0).ok_or_else(|| Error::corrupt("time of a fact", row.at))?;
    let cause = match (row.by_name, row.cause, row.ended) {
        (None, Some(why), Some(ended)) => Cause::Gaps {
            why,
            ended: Minute(ended).start(),
            kept: row.kept_name.zip(row.kept_at).map(|(by, at)| Kept {
                by,
                at,
                why: row.kept_why.unwrap_or_default(),
            }),
        },
        (name, ..) => Cause::Person {
            name: name.unwrap_or_default(),
            why: row.why.unwrap_or_default(),
        },
    };
    Ok(Some(Freeze {
        fact: row.id.into(),
        since,
        cause,
    }))
}

/// Whether every app was frozen for this gap before, or was frozen when it began.
pub async fn is_known(tx: &mut Tx, gap: Uuid) -> Result<bool> {
    let known: Option<String> = write!(tx, c => query_scalar("select fact from freeze_cause where gap = $1")
        .bind(gap).fetch_optional(c).await?);
    Ok(known.is_some())
}

/// Notes the freeze that a gap led to, or that it met.
pub async fn note_cause(tx: &mut Tx, gap: Uuid, freeze: &Text) -> Result<()> {
    write!(tx, c => query("insert into freeze_cause (gap, fact) values ($1, $2)")
        .bind(gap).bind(freeze.as_str()).execute(c).await?.rows_affected());
    Ok(())
}

/// Notes that a person keeps a freeze.
pub async fn keep(tx: &mut Tx, freeze: &Text, by: UserId, why: &str, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("insert into freeze_kept (fact, kept_by, kept_at, why) values ($1, $2, $3, $4)")
        .bind(freeze.as_str()).bind(by.0).bind(now).bind(why).execute(c).await?.rows_affected());
    Ok(())
}
