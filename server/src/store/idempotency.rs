//! Keys under which calls were stored, so that one that is sent again is not counted again (SPEC section 2.2).

use chrono::{DateTime, Utc};
use sqlx::{query, query_scalar};
use uuid::Uuid;

use super::{Result, Tx, db::write};

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is new, and noted now.
    New,
    /// A call with the same body was stored under it.
    Same,
    /// A call with another body was stored under it.
    Other,
}

/// Notes that a call with this `body` (its hash) is stored under `key`, unless one was since `expired`.
pub async fn note(
    tx: &mut Tx,
    token: Uuid,
    key: &str,
    body: &[u8],
    now: DateTime<Utc>,
    expired: DateTime<Utc>,
) -> Result<Known> {
    let noted = write!(tx, c => query(
        "insert into idempotency (token, key, body, stored) values ($1, $2, $3, $4)
         on conflict (token, key) do update set body = excluded.body, stored = excluded.stored where idempotency.stored <= $5")
        .bind(token).bind(key).bind(body).bind(now.timestamp()).bind(expired.timestamp())
        .execute(c).await?.rows_affected());
    if noted == 1 {
        return Ok(Known::New);
    }
    let stored: Vec<u8> = write!(tx, c => query_scalar("select body from idempotency where token = $1 and key = $2")
        .bind(token).bind(key).fetch_one(c).await?);
    Ok(match stored == body {
        true => Known::Same,
        false => Known::Other,
    })
}

/// Forgets the keys that were noted until `expired`.
pub async fn delete(tx: &mut Tx, expired: DateTime<Utc>) -> Result<u64> {
    Ok(write!(tx, c => query("delete from idempotency where stored <= $1")
        .bind(expired.timestamp()).execute(c).await?.rows_affected()))
}
