//! How far a recurring rule has come, written in the same transaction as what it did.

use rampart_domain::count::Minute;
use sqlx::{query, query_scalar};

use super::{
    Db, Result, Tx,
    db::{read, write},
};

pub async fn last(db: &Db, job: &str) -> Result<Option<Minute>> {
    let tick: Option<i64> = read!(db, pool => query_scalar("select tick from progress where job = $1").bind(job).fetch_optional(pool).await?);
    Ok(tick.map(Minute))
}

/// Moves on to `tick`, from `from`; says whether it did. When another server was faster, nothing may be done.
pub async fn advance(tx: &mut Tx, job: &str, from: Option<Minute>, tick: Minute) -> Result<bool> {
    Ok(match from {
        Some(from) => write!(tx, c => query("update progress set tick = $3 where job = $1 and tick = $2")
            .bind(job).bind(from.0).bind(tick.0).execute(c).await?.rows_affected()),
        None => write!(tx, c => query("insert into progress (job, tick) values ($1, $2) on conflict (job) do nothing")
            .bind(job).bind(tick.0).execute(c).await?.rows_affected()),
    } == 1)
}
