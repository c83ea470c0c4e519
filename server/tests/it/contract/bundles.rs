use rampart_domain::{alert::Bundle, count::Minute};
use rampart_server::store::bundles;

use super::{Neighbours, commit};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(a_series_has_one_bundle_until_it_ends);

async fn a_series_has_one_bundle_until_it_ends(database: TestDatabase) {
    let db = &database.store.portal;
    let Neighbours { ours, theirs, .. } = Neighbours::new(db).await;
    assert!(bundles::open(db).await.unwrap().is_empty());
    let first = Bundle {
        began_at: Minute(29_000_000),
        openings: 1,
        closed_minutes: 0,
        last_change: Minute(29_000_000),
        last_mail: Minute(29_000_000),
        told: false,
    };
    let later = Bundle {
        began_at: Minute(29_000_001),
        openings: 7,
        closed_minutes: 190,
        last_change: Minute(29_000_400),
        last_mail: Minute(29_001_440),
        told: true,
    };
    commit(db, async |tx| {
        bundles::put(tx, ours.series, &first).await?;
        bundles::put(tx, theirs.series, &first).await?;
        bundles::put(tx, ours.series, &later).await
    })
    .await;
    let open = bundles::open(db).await.unwrap();
    assert_eq!(
        (open.len(), open[&ours.series], open[&theirs.series]),
        (2, later, first)
    );
    commit(db, async |tx| bundles::end(tx, ours.series).await).await;
    let open = bundles::open(db).await.unwrap();
    assert_eq!((open.len(), open[&theirs.series]), (1, first));
}
