//! The exclusion ledger (SPEC section 5). Whether a minute is excluded is decided by `domain::exclusion` alone.

use chrono::{DateTime, Utc};
use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::{ExclusionKind, Ledger, LedgerEntry},
    id::AppId,
    sli::{Product, Sli},
};
use sqlx::{FromRow, query, query_as};
use uuid::Uuid;

use super::{
    Db, Error, Result, Tx,
    db::{read, write},
};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    app_id: Option<Uuid>,
    sli: Option<String>,
    product: Option<String>,
    target: Option<String>,
    from_minute: i64,
    to_minute: i64,
    kind: String,
    authority: String,
    revoked: bool,
}

impl TryFrom<Row> for LedgerEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |value: &str| Error::corrupt("ledger entry", value);
        Ok(Self {
            id: row.id,
            app: row.app_id,
            sli: row.sli.map(|s| s.parse().map_err(|_| corrupt(&s))).transpose()?,
            product: row.product.map(|p| p.parse().map_err(|_| corrupt(&p))).transpose()?,
            target: row.target,
            range: MinuteRange::new(Minute(row.from_minute), Minute(row.to_minute)),
            kind: row.kind.parse().map_err(|_| corrupt(&row.kind))?,
            authority: row.authority,
            revoked: row.revoked,
        })
    }
}

/// What is in force within `range`: of one app (and of all), or of everything when no app is named.
pub async fn in_force(db: &Db, app: Option<AppId>, range: MinuteRange) -> Result<Ledger> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select id, app_id, sli, product, target, from_minute, to_minute, kind, authority, false as revoked from ledger
         where revoked_at is null and ($1 is null or app_id is null or app_id = $1) and to_minute > $2 and from_minute < $3")
        .bind(app.map(|a| a.0)).bind(range.start.0).bind(range.end.0).fetch_all(pool).await?);
    Ok(Ledger::new(
        rows.into_iter().map(LedgerEntry::try_from).collect::<Result<_>>()?,
    ))
}

/// An entry by its id, revoked or not; for who changes it.
pub async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<LedgerEntry>> {
    let row: Option<Row> = write!(tx, c => query_as(
        "select id, app_id, sli, product, target, from_minute, to_minute, kind, authority, revoked_at is not null as revoked
         from ledger where id = $1")
        .bind(id).fetch_optional(c).await?);
    row.map(LedgerEntry::try_from).transpose()
}

/// Enters an interval on Rampart's own authority.
pub async fn enter(tx: &mut Tx, entry: &LedgerEntry, now: DateTime<Utc>) -> Result<()> {
    write!(tx, c => query(
        "insert into ledger (id, app_id, sli, product, target, from_minute, to_minute, kind, authority, entered_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(entry.id).bind(entry.app).bind(entry.sli.map(Sli::as_str)).bind(entry.product.map(Product::as_str))
        .bind(&entry.target).bind(entry.range.start.0).bind(entry.range.end.0).bind(ExclusionKind::as_str(entry.kind))
        .bind(&entry.authority).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Extends an interval to `end`, on this authority.
pub async fn extend(tx: &mut Tx, id: Uuid, end: Minute, authority: &str) -> Result<()> {
    write!(tx, c => query("update ledger set to_minute = $2, authority = $3 where id = $1 and to_minute < $2")
        .bind(id).bind(end.0).bind(authority).execute(c).await?.rows_affected());
    Ok(())
}
