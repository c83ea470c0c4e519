//! Keys under which calls were stored, so that one that is sent again is not counted again (SPEC section 2.2).

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, query};
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

/// A call that has a key, with the hash of its body.
#[derive(Clone, Copy, Debug)]
pub struct Keyed<'a> {
    pub token: Uuid,
    pub key: &'a str,
    pub body: &'a [u8],
}

/// Notes that these calls are stored under their keys, unless one was since `expired`, and says what was known of each. Of
/// calls with the same key the first one counts.
pub async fn note(tx: &mut Tx, calls: &[Keyed<'_>], now: DateTime<Utc>, expired: DateTime<Utc>) -> Result<Vec<Known>> {
    let mut first: BTreeMap<(Uuid, &str), &[u8]> = BTreeMap::new();
    for call in calls {
        first.entry((call.token, call.key)).or_insert(call.body);
    }
    let (mut new, mut stored) = (HashSet::new(), HashMap::new());
    let first: Vec<_> = first.into_iter().collect();
    // Both databases limit how many values one statement can have.
    for some in first.chunks(1_000) {
        let noted: Vec<(Uuid, String)> = write!(tx, c => {
            let mut query = QueryBuilder::new("insert into idempotency (token, key, body, stored) ");
            query.push_values(some, |mut row, ((token, key), body)| {
                row.push_bind(*token).push_bind(*key).push_bind(*body).push_bind(now.timestamp());
            });
            query.push("on conflict (token, key) do update set body = excluded.body, stored = excluded.stored
                        where idempotency.stored <= ").push_bind(expired.timestamp()).push(" returning token, key");
            query.build_query_as().persistent(false).fetch_all(c).await?
        });
        let all_are_new = noted.len() == some.len();
        new.extend(noted);
        if all_are_new {
            continue;
        }
        let rows: Vec<(Uuid, String, Vec<u8>)> = write!(tx, c => {
            let mut query = QueryBuilder::new("with wanted (id, name) as (");
            query.push_values(some, |mut row, ((token, key), _)| {
                row.push_bind(*token).push_bind(*key);
            });
            query.push(") select token, key, body from wanted join idempotency on token = wanted.id and key = wanted.name");
            query.build_query_as().persistent(false).fetch_all(c).await?
        });
        stored.extend(rows.into_iter().map(|(token, key, body)| ((token, key), body)));
    }
    let known = calls.iter().map(|call| {
        let key = (call.token, call.key.to_owned());
        if new.remove(&key) {
            stored.insert(key, call.body.to_vec());
            return Known::New;
        }
        match stored.get(&key).is_some_and(|body| body == call.body) {
            true => Known::Same,
            false => Known::Other,
        }
    });
    Ok(known.collect())
}

/// Forgets the keys that were noted until `expired`.
pub async fn delete(tx: &mut Tx, expired: DateTime<Utc>) -> Result<u64> {
    Ok(write!(tx, c => query("delete from idempotency where stored <= $1")
        .bind(expired.timestamp()).execute(c).await?.rows_affected()))
}
