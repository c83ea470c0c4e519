//! The exclusion ledger (SPEC section 5). Whether a minute is excluded is decided by `domain::exclusion` alone.

use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::{Ledger, LedgerEntry},
    id::AppId,
};
use sqlx::{FromRow, query_as};
use uuid::Uuid;

use super::{Db, Error, Result, db::read};

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
            revoked: false,
        })
    }
}

/// What is in force within `range`: of one app (and of all), or of everything when no app is named.
pub async fn in_force(db: &Db, app: Option<AppId>, range: MinuteRange) -> Result<Ledger> {
    let rows: Vec<Row> = read!(db, pool => query_as(
        "select id, app_id, sli, product, target, from_minute, to_minute, kind, authority from ledger
         where revoked_at is null and ($1 is null or app_id is null or app_id = $1) and to_minute > $2 and from_minute < $3")
        .bind(app.map(|a| a.0)).bind(range.start.0).bind(range.end.0).fetch_all(pool).await?);
    Ok(Ledger::new(
        rows.into_iter().map(LedgerEntry::try_from).collect::<Result<_>>()?,
    ))
}
