//! Sessions. The value of the cookie is never stored, only its hash.

use chrono::{DateTime, Utc};
use rampart_domain::id::UserId;
use sqlx::{FromRow, query, query_as, types::Json};
use uuid::Uuid;

use super::{
    Db, Result, Tx,
    db::{read, write},
};

/// What a session holds, as key and value.
pub type Data = serde_json::Map<String, serde_json::Value>;

pub struct Session<'a> {
    pub id_hash: &'a [u8],
    pub id: Uuid,
    pub account: Option<UserId>,
    pub data: &'a Data,
    pub address: Option<&'a str>,
    pub agent: &'a str,
    pub expires_at: DateTime<Utc>,
}

/// A session as its owner sees it in the list.
#[derive(Clone, Debug, FromRow)]
pub struct Listed {
    pub id: Uuid,
    pub address: Option<String>,
    pub agent: String,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// Begins a session.
pub async fn create(tx: &mut Tx, session: &Session<'_>, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query(
        "insert into session (id_hash, id, account_id, data, address, agent, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $8)")
        .bind(session.id_hash).bind(session.id).bind(session.account.map(|a| a.0)).bind(Json(session.data))
        .bind(session.address).bind(session.agent).bind(now).bind(session.expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Writes a changed session; says whether it still was there. One that was ended meanwhile stays ended.
pub async fn save(tx: &mut Tx, session: &Session<'_>, now: DateTime<Utc>) -> Result<bool> {
    Ok(write!(tx, c => query(
        "update session set account_id = $2, data = $3, address = $4, agent = $5, last_seen_at = $6, expires_at = $7
         where id_hash = $1")
        .bind(session.id_hash).bind(session.account.map(|a| a.0)).bind(Json(session.data))
        .bind(session.address).bind(session.agent).bind(now).bind(session.expires_at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// What a request needs of its session.
#[derive(Clone, Debug, FromRow)]
pub struct Loaded {
    pub data: Json<Data>,
    pub last_seen_at: DateTime<Utc>,
}

/// A session that is still alive: used within the idle time and not older than its lifetime.
pub async fn load(db: &Db, id_hash: &[u8], now: DateTime<Utc>, oldest: DateTime<Utc>) -> Result<Option<Loaded>> {
    read!(db, pool => Ok(query_as(
        "select data, last_seen_at from session where id_hash = $1 and expires_at > $2 and created_at > $3")
        .bind(id_hash).bind(now).bind(oldest).fetch_optional(pool).await?))
}

/// Notes that the session is in use.
pub async fn touch(tx: &mut Tx, id: Uuid, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query("update session set last_seen_at = $2, expires_at = $3 where id = $1")
        .bind(id).bind(now).bind(expires_at).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn delete(tx: &mut Tx, id_hash: &[u8]) -> Result<()> {
    write!(tx, c => query("delete from session where id_hash = $1").bind(id_hash).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn of_account(db: &Db, account: UserId, now: DateTime<Utc>) -> Result<Vec<Listed>> {
    read!(db, pool => Ok(query_as(
        "select id, address, agent, created_at, last_seen_at from session
         where account_id = $1 and expires_at > $2 order by last_seen_at desc, id")
        .bind(account.0).bind(now).fetch_all(pool).await?))
}

/// Ends one session of an account; says whether there was one.
pub async fn revoke(tx: &mut Tx, account: UserId, id: Uuid) -> Result<bool> {
    Ok(
        write!(tx, c => query("delete from session where account_id = $1 and id = $2")
        .bind(account.0).bind(id).execute(c).await?.rows_affected())
            == 1,
    )
}

/// Ends every session of an account and says how many there were.
pub async fn revoke_all(tx: &mut Tx, account: UserId) -> Result<u64> {
    Ok(
        write!(tx, c => query("delete from session where account_id = $1").bind(account.0).execute(c).await?.rows_affected()),
    )
}

pub async fn delete_expired(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64> {
    Ok(write!(tx, c => query("delete from session where expires_at <= $1").bind(now).execute(c).await?.rows_affected()))
}
