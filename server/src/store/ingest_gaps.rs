//! The latest ingest gap of each SLI and product, as far as it is entered in the ledger (SPEC section 2.1).

use std::collections::HashMap;

use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::IngestGap,
    sli::{Product, Sli},
};
use sqlx::{query, query_as};

use super::{
    Db, Error, Result, Tx,
    db::{read, write},
};

pub async fn latest(db: &Db) -> Result<HashMap<(Sli, Product), MinuteRange>> {
    let rows: Vec<(String, String, i64, i64)> = read!(db, pool => query_as("select sli, product, from_minute, to_minute from ingest_gap")
        .fetch_all(pool).await?);
    rows.into_iter()
        .map(|(sli, product, from, to)| {
            let sli = sli.parse().map_err(|_| Error::corrupt("SLI", sli))?;
            let product = product.parse().map_err(|_| Error::corrupt("product", product))?;
            Ok(((sli, product), MinuteRange::new(Minute(from), Minute(to))))
        })
        .collect()
}

/// Puts a gap in place of the latest of its SLI and product.
pub async fn put(tx: &mut Tx, gap: &IngestGap) -> Result<()> {
    write!(tx, c => query(
        "insert into ingest_gap (sli, product, from_minute, to_minute) values ($1, $2, $3, $4)
         on conflict (sli, product) do update set from_minute = excluded.from_minute, to_minute = excluded.to_minute")
        .bind(gap.sli.as_str()).bind(gap.product.as_str()).bind(gap.range.start.0).bind(gap.range.end.0)
        .execute(c).await?.rows_affected());
    Ok(())
}
