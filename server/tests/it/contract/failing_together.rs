use rampart_domain::{alert::FailingTogether, count::Minute, sli::Product};
use rampart_server::store::failing_together;

use super::{commit, nth};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(the_latest_state_of_each_product_is_kept);

async fn the_latest_state_of_each_product_is_kept(database: TestDatabase) {
    let db = &database.store.portal;
    assert!(failing_together::all(db).await.unwrap().is_empty());
    let state = |at, partners: &[u128]| FailingTogether {
        last_seen: Minute(at),
        told: partners.iter().map(|n| nth(*n)).collect(),
    };
    commit(db, async |tx| {
        failing_together::put(tx, Product::Jira, &state(29_000_000, &[1, 2, 3])).await?;
        failing_together::put(tx, Product::Compass, &state(29_000_001, &[])).await?;
        failing_together::put(tx, Product::Jira, &state(29_000_002, &[1, 2, 3, 4])).await
    })
    .await;
    let all = failing_together::all(db).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[&Product::Jira], state(29_000_002, &[1, 2, 3, 4]));
    assert_eq!(all[&Product::Compass], state(29_000_001, &[]));
}
