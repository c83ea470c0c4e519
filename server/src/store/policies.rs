//! The published versions of the measurement policy (SPEC section 2). They only grow. They are no partner's, so `Scope` is
//! not asked.

use chrono::{DateTime, Utc};
use rampart_domain::{
    count::Minute,
    id::UserId,
    policy::{MeasurementPolicy, Policies, Published},
};
use sqlx::{FromRow, query, query_as};

use super::{
    Db, Error, Result, Tx,
    db::{read, write},
};

/// A published version with who published it, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub published: Published,
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

fn document(text: &str) -> Result<MeasurementPolicy> {
    serde_json::from_str(text).map_err(|_| Error::corrupt("measurement policy", text))
}

/// Publishes a version.
///
/// # Errors
/// [`Error::Exists`] for `measurement_policy.version` when there is this version already.
pub async fn publish(tx: &mut Tx, version: &Published, by: UserId, reason: &str, now: DateTime<Utc>) -> Result<()> {
    let document =
        serde_json::to_string(&version.policy).map_err(|error| Error::corrupt("measurement policy", error))?;
    write!(tx, c => query(
        "insert into measurement_policy (version, starts, document, published_by, published_at, reason)
         values ($1, $2, $3, $4, $5, $6)")
        .bind(i64::from(version.policy.version)).bind(version.starts.0).bind(document).bind(by.0).bind(now).bind(reason)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Every version, to ask which one holds.
pub async fn all(db: &Db) -> Result<Policies> {
    let rows: Vec<(i64, String)> = read!(db, pool => query_as("select starts, document from measurement_policy")
        .fetch_all(pool).await?);
    let published = rows.into_iter().map(|(starts, text)| {
        Ok(Published {
            starts: Minute(starts),
            policy: document(&text)?,
        })
    });
    Ok(Policies::new(published.collect::<Result<_>>()?))
}

/// Every version with who published it, the latest first.
pub async fn history(db: &Db) -> Result<Vec<Version>> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select p.starts, p.document, a.name as published_by, p.published_at, p.reason
         from measurement_policy p join account a on a.id = p.published_by order by p.version desc")
        .fetch_all(pool).await?);
    rows.into_iter()
        .map(|row| {
            Ok(Version {
                published: Published {
                    starts: Minute(row.starts),
                    policy: document(&row.document)?,
                },
                by: row.published_by,
                at: row.published_at,
                reason: row.reason,
            })
        })
        .collect()
}
