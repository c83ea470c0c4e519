//! Synthetic tests of several partners that started failing on one product (SPEC section 2).

use std::collections::HashMap;

use rampart_domain::{alert::FailingTogether, count::Minute, id::PartnerId, sli::Product};
use sqlx::{query, query_as, types::Json};
use uuid::Uuid;

use super::{
    Db, Error, Result, Tx,
    db::{read, write},
};

/// What was seen last on each product; for the evaluation.
pub async fn all(db: &Db) -> Result<HashMap<Product, FailingTogether>> {
    let rows: Vec<(String, i64, Json<Vec<Uuid>>)> = read!(db, pool => query_as("select product, last_seen, told from failing_together")
        .fetch_all(pool).await?);
    rows.into_iter()
        .map(|(product, last_seen, Json(told))| {
            let state = FailingTogether {
                last_seen: Minute(last_seen),
                told: told.into_iter().map(PartnerId).collect(),
            };
            Ok((product.parse().map_err(|_| Error::corrupt("product", product))?, state))
        })
        .collect()
}

pub async fn put(tx: &mut Tx, product: Product, state: &FailingTogether) -> Result<()> {
    let told: Vec<Uuid> = state.told.iter().map(|partner| partner.0).collect();
    write!(tx, c => query(
        "insert into failing_together (product, last_seen, told) values ($1, $2, $3)
         on conflict (product) do update set last_seen = excluded.last_seen, told = excluded.told")
        .bind(product.as_str()).bind(state.last_seen.0).bind(Json(&told)).execute(c).await?.rows_affected());
    Ok(())
}
