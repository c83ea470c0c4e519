//! One lease per job, so that of several servers one runs it (SPEC section 7).

use chrono::{DateTime, Utc};
use sqlx::{FromRow, query, query_as, query_scalar};

use super::{
    Db, Result, Tx,
    db::{read, write},
};

/// Who runs a job, or ran it last.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Lease {
    pub holder: String,
    pub until: DateTime<Utc>,
}

/// Takes or renews the lease of `job` until `until`. Returns the fence when it is ours: it grows with every new holder.
pub async fn acquire(
    tx: &mut Tx,
    job: &str,
    holder: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<i64>> {
    Ok(write!(tx, c => query_scalar(
        "insert into lease (job, holder, fence, until) values ($1, $2, 1, $4)
         on conflict (job) do update
         set fence = lease.fence + case when lease.holder = excluded.holder then 0 else 1 end,
             holder = excluded.holder, until = excluded.until
         where lease.holder = excluded.holder or lease.until <= $3
         returning fence")
        .bind(job).bind(holder).bind(now).bind(until).fetch_optional(c).await?))
}

/// Gives a lease back, so that another server takes over at once.
pub async fn release(tx: &mut Tx, job: &str, holder: &str, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("update lease set until = $3 where job = $1 and holder = $2")
        .bind(job).bind(holder).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Who runs `job`, or ran it last; nothing when nobody ever did.
pub async fn latest(db: &Db, job: &str) -> Result<Option<Lease>> {
    read!(db, pool => Ok(query_as("select holder, until from lease where job = $1").bind(job).fetch_optional(pool).await?))
}
