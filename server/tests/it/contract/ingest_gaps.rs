use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::IngestGap,
    sli::{Product, Sli},
};
use rampart_server::store::ingest_gaps;

use super::commit;
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(the_latest_gap_of_each_sli_and_product_is_kept);

async fn the_latest_gap_of_each_sli_and_product_is_kept(database: TestDatabase) {
    let db = &database.store.portal;
    assert!(ingest_gaps::latest(db).await.unwrap().is_empty());
    let range = |from, to| MinuteRange::new(Minute(from), Minute(to));
    let gap = |sli, product, range| IngestGap { sli, product, range };
    commit(db, async |tx| {
        ingest_gaps::put(tx, &gap(Sli::IframeLoad, Product::Jira, range(5, 20))).await?;
        ingest_gaps::put(tx, &gap(Sli::IframeLoad, Product::Jsm, range(6, 20))).await?;
        ingest_gaps::put(tx, &gap(Sli::Availability, Product::None, range(7, 20))).await?;
        ingest_gaps::put(tx, &gap(Sli::IframeLoad, Product::Jira, range(90, 110))).await
    })
    .await;
    let latest = ingest_gaps::latest(db).await.unwrap();
    assert_eq!(latest.len(), 3);
    assert_eq!(latest[&(Sli::IframeLoad, Product::Jira)], range(90, 110));
    assert_eq!(latest[&(Sli::IframeLoad, Product::Jsm)], range(6, 20));
    assert_eq!(latest[&(Sli::Availability, Product::None)], range(7, 20));
}
