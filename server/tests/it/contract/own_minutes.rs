use rampart_domain::{
    count::{Minute, MinuteRange},
    id::SeriesId,
};
use rampart_server::store::{Db, own_minutes};

use super::{commit, nth};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    own_minutes_are_found_series_by_series,
    own_minutes_of_some_series_are_in_order,
    own_minutes_are_forgotten,
);

async fn within(db: &Db, ranges: &[(u128, i64, i64)]) -> Vec<(SeriesId, i64, SeriesId)> {
    let ranges: Vec<_> = ranges
        .iter()
        .map(|(series, start, end)| (nth(*series), MinuteRange::new(Minute(*start), Minute(*end))))
        .collect();
    let found = commit(db, async |tx| own_minutes::within(tx, &ranges).await).await;
    let mut found: Vec<_> = found
        .into_iter()
        .flat_map(|(series, minutes)| minutes.into_iter().map(move |(m, to)| (series, m.0, to)))
        .collect();
    found.sort();
    found
}

async fn note(db: &Db, noted: &[(u128, i64, u128)]) {
    let noted: Vec<_> = noted
        .iter()
        .map(|(series, minute, replaced)| (nth(*series), Minute(*minute), nth(*replaced)))
        .collect();
    commit(db, async |tx| own_minutes::note(tx, &noted).await).await;
}

async fn own_minutes_are_found_series_by_series(database: TestDatabase) {
    let db = &database.store.metrics;
    assert_eq!(within(db, &[]).await, [], "of no series there are none");
    note(db, &[]).await;
    note(db, &[(1, 10, 11), (1, 12, 11), (2, 10, 22), (1, 10, 11)]).await;
    let (one, two) = (nth(1), nth(2));
    assert_eq!(
        within(db, &[(1, 10, 12), (2, 0, 99), (3, 0, 99)]).await,
        [(one, 10, nth(11)), (two, 10, nth(22))],
        "the end of a range is not in it"
    );
    assert_eq!(within(db, &[(1, 11, 99)]).await, [(one, 12, nth(11))]);
    let many: Vec<_> = (0..25_000).map(|n| (n, 0, 99)).collect();
    assert_eq!(
        within(db, &many).await.len(),
        3,
        "more series than one statement can name"
    );
}

async fn own_minutes_of_some_series_are_in_order(database: TestDatabase) {
    let db = &database.store.metrics;
    note(db, &[(1, 12, 11), (1, 10, 11), (1, 20, 11), (2, 10, 22)]).await;
    let range = MinuteRange::new(Minute(10), Minute(20));
    let found = own_minutes::of_series(db, &[nth(1), nth(3)], range).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[&nth(1)], [Minute(10), Minute(12)]);
    assert!(own_minutes::of_series(db, &[], range).await.unwrap().is_empty());
}

async fn own_minutes_are_forgotten(database: TestDatabase) {
    let db = &database.store.metrics;
    note(db, &[(1, 10, 11), (1, 12, 11), (2, 9, 22)]).await;
    assert_eq!(
        commit(db, async |tx| own_minutes::delete(tx, Minute(12)).await).await,
        2
    );
    assert_eq!(within(db, &[(1, 0, 99), (2, 0, 99)]).await, [(nth(1), 12, nth(11))]);
}
