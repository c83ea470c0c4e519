//! The versions of the escalation policy that program managers have published or planned (SPEC section 6). They only grow. They
//! are no partner's, so `Scope` is not asked.

use chrono::{DateTime, Utc};
use rampart_domain::{
    escalation::{EscalationPolicy, Publication},
    id::UserId,
};
use sqlx::{FromRow, query, query_as};

use super::{
    Db, Error, Result, Tx,
    db::{read, write},
    dialect::signed,
};

/// A version with who published it, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub publication: Publication,
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: String,
}

#[derive(FromRow)]
struct Row {
    starts: i64,
    document: String,
    published_by: String,
    published_at: DateTime<Utc>,
    reason: String,
}

fn publication(starts: i64, document: &str) -> Result<Publication> {
    Ok(Publication {
        starts: DateTime::from_timestamp(starts, 0).ok_or_else(|| Error::corrupt("start of a policy", starts))?,
        policy: EscalationPolicy::parse(document).map_err(|error| Error::corrupt("escalation policy", error))?,
    })
}

/// Publishes a version.
///
/// # Errors
/// [`Error::Exists`] for `escalation_policy.version` when there is this version already.
pub async fn publish(tx: &mut Tx, version: &Publication, by: UserId, reason: &str, now: DateTime<Utc>) -> Result<()> {
    let document =
        serde_json::to_string(&version.policy).map_err(|error| Error::corrupt("escalation policy", error))?;
    write!(tx, c => query(
        "insert into escalation_policy (version, starts, document, published_by, published_at, reason)
         values ($1, $2, $3, $4, $5, $6)")
        .bind(signed(version.policy.version)).bind(version.starts.timestamp()).bind(document).bind(by.0).bind(now)
        .bind(reason).execute(c).await?.rows_affected());
    Ok(())
}

/// Every version, for whoever puts one into force.
pub async fn all(tx: &mut Tx) -> Result<Vec<Publication>> {
    let rows: Vec<(i64, String)> = write!(tx, c => query_as(
        "select starts, document from escalation_policy order by version").fetch_all(c).await?);
    rows.iter()
        .map(|(starts, document)| publication(*starts, document))
        .collect()
}

/// Every version with who published it, the latest first.
pub async fn history(db: &Db) -> Result<Vec<Version>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select p.starts, p.document, a.name as published_by, p.published_at, p.reason
         from escalation_policy p join account a on a.id = p.published_by order by p.version desc")
        .fetch_all(pool).await?);
    rows.into_iter()
        .map(|row| {
            Ok(Version {
                publication: publication(row.starts, &row.document)?,
                by: row.published_by,
                at: row.published_at,
                reason: row.reason,
            })
        })
        .collect()
}
