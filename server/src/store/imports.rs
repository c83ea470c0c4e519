//! Which pieces of imported files are counted already; written in the transaction that counts them.

use chrono::{DateTime, Utc};
use sqlx::query;

use super::{Result, Tx, db::write};

/// Notes a piece; says whether it is new.
pub async fn note(tx: &mut Tx, hash: &[u8], now: DateTime<Utc>) -> Result<bool> {
    Ok(
        write!(tx, c => query("insert into imported (hash, at) values ($1, $2) on conflict (hash) do nothing")
        .bind(hash).bind(now).execute(c).await?.rows_affected())
            == 1,
    )
}
