//! The audit log: append-only rows, each holding the hash of the one before (SPEC section 1).

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use rampart_domain::{
    access::Actor,
    id::{PartnerId, UserId},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    Db, Result, Scope, Tx,
    db::{read, write},
    dialect::pattern,
};

/// One decision or change, to be written with what it changed.
pub struct Entry<'a> {
    pub actor: Who<'a>,
    /// "app.registered": the kind of thing and what happened to it.
    pub action: &'static str,
    pub subject: Subject<'a>,
    pub partner: Option<PartnerId>,
    pub before: Value,
    pub after: Value,
    pub why: Option<&'a str>,
}

/// Who did it.
#[derive(Clone, Copy)]
pub enum Who<'a> {
    Person(&'a Actor),
    /// Somebody without a session: an operator at the command line, the holder of a one-time link.
    Outside {
        name: &'a str,
        address: Option<IpAddr>,
    },
    /// Rampart itself, by a rule.
    System,
}

/// What it was done to.
pub struct Subject<'a> {
    pub kind: &'static str,
    pub id: String,
    pub name: &'a str,
}

/// A row as it is stored.
#[derive(Clone, Debug, FromRow)]
pub struct Row {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub actor_id: Option<Uuid>,
    pub actor: String,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub subject: String,
    pub partner_id: Option<Uuid>,
    pub before: String,
    pub after: String,
    pub why: Option<String>,
    pub address: Option<String>,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

/// What the log is narrowed to; empty texts mean all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub who: String,
    pub action: String,
    pub subject: String,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub before: Option<i64>,
}

/// Appends an entry to the log. Last in its transaction, since it takes the lock on the head of the chain.
pub async fn append(tx: &mut Tx, entry: Entry<'_>, now: DateTime<Utc>) -> Result<()> {
    let (seq, previous_hash): (i64, Vec<u8>) = write!(tx, c => query_as(
        "update audit_head set seq = seq + 1 where id = 1 returning seq, hash").fetch_one(c).await?);
    let (actor_id, actor, address) = match entry.actor {
        Who::Person(actor) => (Some(actor.user), actor.name.as_str(), actor.address),
        Who::Outside { name, address } => (None, name, address),
        Who::System => (None, "Rampart", None),
    };
    let mut row = Row {
        seq,
        at: now,
        actor_id: actor_id.map(|UserId(id)| id),
        actor: actor.to_owned(),
        action: entry.action.to_owned(),
        subject_kind: entry.subject.kind.to_owned(),
        subject_id: entry.subject.id,
        subject: entry.subject.name.to_owned(),
        partner_id: entry.partner.map(|PartnerId(id)| id),
        before: entry.before.to_string(),
        after: entry.after.to_string(),
        why: entry.why.map(str::to_owned),
        address: address.map(|a| a.to_string()),
        previous_hash,
        hash: Vec::new(),
    };
    row.hash = row.computed_hash();
    write!(tx, c => query(
        "insert into audit (seq, at, actor_id, actor, action, subject_kind, subject_id, subject, partner_id, before, after,
                            why, address, previous_hash, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)")
        .bind(row.seq).bind(row.at).bind(row.actor_id).bind(&row.actor).bind(&row.action).bind(&row.subject_kind)
        .bind(&row.subject_id).bind(&row.subject).bind(row.partner_id).bind(&row.before).bind(&row.after)
        .bind(&row.why).bind(&row.address).bind(&row.previous_hash).bind(&row.hash)
        .execute(c).await?.rows_affected());
    write!(tx, c => query("update audit_head set hash = $1 where id = 1").bind(&row.hash).execute(c).await?.rows_affected());
    Ok(())
}

impl Row {
    /// SHA-256 over the previous hash and every field, each preceded by its length so that no two rows look alike.
    pub fn computed_hash(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        let mut field = |bytes: Option<&[u8]>| {
            let length = bytes.map_or(u64::MAX, |b| b.len() as u64);
            hash.update(length.to_be_bytes());
            hash.update(bytes.unwrap_or_default());
        };
        field(Some(&self.previous_hash));
        field(Some(&self.seq.to_be_bytes()));
        field(Some(&self.at.timestamp_micros().to_be_bytes()));
        field(self.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
        field(self.partner_id.as_ref().map(|id| id.as_bytes().as_slice()));
        let texts = [
            &self.actor,
            &self.action,
            &self.subject_kind,
            &self.subject_id,
            &self.subject,
            &self.before,
            &self.after,
        ];
        texts.into_iter().for_each(|text| field(Some(text.as_bytes())));
        field(self.why.as_deref().map(str::as_bytes));
        field(self.address.as_deref().map(str::as_bytes));
        hash.finalize().to_vec()
    }
}

/// The latest rows that pass the filter, newest first.
pub async fn list(db: &Db, scope: Scope, filter: &Filter, limit: i64) -> Result<Vec<Row>> {
    read!(db, pool => Ok(query_as(
        "select seq, at, actor_id, actor, action, subject_kind, subject_id, subject, partner_id, before, after, why, address,
                previous_hash, hash
         from audit
         where ($1 or partner_id in (select partner_id from membership where account_id = $2 and role = 'owner'))
           and ($3 = '' or lower(actor) like $3 escape '\\') and ($4 = '' or action = $4)
           and ($5 = '' or lower(subject) like $5 escape '\\' or lower(subject_id) like $5 escape '\\')
           and ($6 is null or at >= $6) and ($7 is null or at < $7) and ($8 is null or seq < $8)
         order by seq desc limit $9")
        .bind(scope.everything()).bind(scope.account()).bind(pattern(&filter.who)).bind(&filter.action).bind(pattern(&filter.subject))
        .bind(filter.from).bind(filter.to).bind(filter.before).bind(limit)
        .fetch_all(pool).await?))
}

/// Every action in the log that the reader may see.
pub async fn actions(db: &Db, scope: Scope) -> Result<Vec<String>> {
    read!(db, pool => Ok(query_scalar(
        "select distinct action from audit
         where ($1 or partner_id in (select partner_id from membership where account_id = $2 and role = 'owner')) order by action")
        .bind(scope.everything()).bind(scope.account()).fetch_all(pool).await?))
}

/// How far the chain was found whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many rows.
    pub rows: u64,
    last: i64,
    hash: Vec<u8>,
}

/// Recomputes the chain from where it was last found whole, and returns how far it is whole now, or which row is the first
/// that does not fit.
pub async fn verify(db: &Db, from: Verified) -> Result<std::result::Result<Verified, String>> {
    let Verified {
        mut rows,
        mut last,
        hash: mut previous,
    } = from;
    loop {
        // The head is read before the rows: what is appended meanwhile is among the rows of the next round.
        let head: (i64, Vec<u8>) =
            read!(db, pool => query_as("select seq, hash from audit_head where id = 1").fetch_one(pool).await?);
        let page: Vec<Row> = read!(db, pool => query_as(
            "select seq, at, actor_id, actor, action, subject_kind, subject_id, subject, partner_id, before, after, why, address,
                    previous_hash, hash
             from audit where seq > $1 order by seq limit 1000")
            .bind(last).fetch_all(pool).await?);
        if page.is_empty() {
            let is_whole = head.0 == last && head.1 == previous;
            let verified = Verified {
                rows,
                last,
                hash: previous,
            };
            return Ok(if is_whole {
                Ok(verified)
            } else {
                Err(format!("rows after {last} are missing"))
            });
        }
        for row in page {
            rows += 1;
            if row.seq != last + 1 {
                return Ok(Err(format!("row {} is missing", last + 1)));
            }
            if row.previous_hash != previous || row.hash != row.computed_hash() {
                return Ok(Err(format!("row {} was changed", row.seq)));
            }
            last = row.seq;
            previous = row.hash;
        }
    }
}
