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
///
/// A lease of somebody else is taken when it has run out by our clock, or when it still runs until `given_up`: the caller saw
/// it stand there for longer than its holder would have left it.
pub async fn acquire(
    tx: &mut Tx,
    job: &str,
    holder: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    given_up: Option<DateTime<Utc>>,
) -> Result<Option<i64>> {
    Ok(write!(tx, c => query_scalar(
        "insert into lease (job, holder, fence, until) values ($1, $2, 1, $4)
         on conflict (job) do update
         set fence = lease.fence + case when lease.holder = excluded.holder then 0 else 1 end,
             holder = excluded.holder, until = excluded.until
         where lease.holder = excluded.holder or lease.until <= $3 or lease.until = $5
         returning fence")
        .bind(job).bind(holder).bind(now).bind(until).bind(given_up).fetch_optional(c).await?))
}

/// Until when the lease of `job` runs, by the clock of its holder.
pub async fn until(tx: &mut Tx, job: &str) -> Result<Option<DateTime<Utc>>> {
    Ok(write!(tx, c => query_scalar("select until from lease where job = $1").bind(job).fetch_optional(c).await?))
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
