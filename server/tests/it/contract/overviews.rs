use rampart_domain::{
    count::{Minute, MinuteRecord},
    id::SeriesId,
};
use rampart_server::store::{Db, compaction, counts, overviews};

use super::{
    commit,
    counts::{DAY, MIDNIGHT, add, delta, five_days, good, range},
    id,
};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    days_of_several_series_are_those_of_each,
    minutes_of_some_days_are_those_of_each_series,
    the_last_minute_of_each_series_is_found,
    records_are_whole_packed_or_not,
);

async fn pack(db: &Db, series: SeriesId, until: i64) {
    commit(db, async |tx| compaction::pack_day(tx, series, Minute(until)).await).await;
}

async fn days_of_several_series_are_those_of_each(database: TestDatabase) {
    let db = &database.store.metrics;
    let (one, two, silent) = (id(), id(), id());
    add(db, one, &five_days(1)).await;
    add(db, two, &five_days(2)).await;
    let first = MIDNIGHT / DAY;
    let found = overviews::days(db, &[one, two, silent], first, first + 3)
        .await
        .unwrap();
    for series in [one, two] {
        let expected = counts::days(db, series, first, first + 3).await.unwrap();
        assert_eq!(expected.len(), 3);
        super::assert_same(&found[&series], &expected);
    }
    assert!(!found.contains_key(&silent));
    assert!(overviews::days(db, &[], 0, i64::MAX).await.unwrap().is_empty());
}

async fn minutes_of_some_days_are_those_of_each_series(database: TestDatabase) {
    let db = &database.store.metrics;
    let (one, two) = (id(), id());
    add(db, one, &five_days(1)).await;
    add(db, two, &five_days(2)).await;
    let first = MIDNIGHT / DAY;
    let check = async || {
        let wanted = [(one, first + 1), (one, first + 3), (two, first)];
        let found = overviews::minutes_on(db, &wanted).await.unwrap();
        let minutes = async |series, day: i64| {
            let range = range(day * DAY, (day + 1) * DAY);
            counts::minutes(db, series, range).await.unwrap()
        };
        let expected = [minutes(one, first + 1).await, minutes(one, first + 3).await].concat();
        assert_eq!(found[&one], expected);
        assert_eq!(found[&two], minutes(two, first).await);
        assert!(!expected.is_empty() && found.len() == 2);
    };
    check().await;
    pack(db, one, MIDNIGHT + 2 * DAY).await;
    pack(db, two, MIDNIGHT + DAY).await;
    check().await;
    // One minute in both places is one minute.
    add(db, one, &[(MIDNIGHT + DAY, delta(3, 1, &[]))]).await;
    check().await;
    assert!(overviews::minutes_on(db, &[]).await.unwrap().is_empty());
}

async fn the_last_minute_of_each_series_is_found(database: TestDatabase) {
    let db = &database.store.metrics;
    let (series, other) = (id(), id());
    let last = async || {
        let last = overviews::last_minutes(db, &[other, series]).await.unwrap();
        [other, series].map(|id| last.get(&id).map(|m| m.0))
    };
    assert_eq!(last().await, [None, None]);
    add(db, other, &[(1, good(1)), (9_999, good(1))]).await;
    add(db, series, &[(MIDNIGHT + 30, good(1)), (MIDNIGHT + 10, good(1))]).await;
    assert_eq!(last().await, [Some(9_999), Some(MIDNIGHT + 30)]);
    pack(db, series, MIDNIGHT + DAY).await;
    assert_eq!(last().await, [Some(9_999), Some(MIDNIGHT + 30)]);
    // What comes late is not the last.
    add(db, series, &[(MIDNIGHT + 15, good(1))]).await;
    assert_eq!(last().await, [Some(9_999), Some(MIDNIGHT + 30)]);
    add(db, series, &[(MIDNIGHT + 31, good(1))]).await;
    assert_eq!(last().await, [Some(9_999), Some(MIDNIGHT + 31)]);
    assert!(overviews::last_minutes(db, &[]).await.unwrap().is_empty());
}

async fn records_are_whole_packed_or_not(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let of = |minute: i64, record: MinuteRecord| MinuteRecord {
        minute: Minute(minute),
        ..record
    };
    let (first, second) = (delta(9, 1, &[84, 210]), delta(0, 2, &[]));
    add(
        db,
        series,
        &[(MIDNIGHT + 7, first.clone()), (MIDNIGHT + 9, second.clone())],
    )
    .await;
    add(db, series, &[(MIDNIGHT + DAY, good(1)), (MIDNIGHT - 1, good(1))]).await;
    add(db, id(), &[(MIDNIGHT + 7, good(5))]).await;
    let records = async || overviews::records(db, series, MIDNIGHT / DAY).await.unwrap();
    let expected = [of(MIDNIGHT + 7, first), of(MIDNIGHT + 9, second)];
    assert_eq!(records().await, expected);
    pack(db, series, MIDNIGHT + DAY).await;
    assert_eq!(records().await, expected);
    add(db, series, &[(MIDNIGHT + 9, delta(1, 0, &[500]))]).await;
    let late = records().await;
    assert_eq!(late[0], expected[0]);
    assert_eq!(late[1], of(MIDNIGHT + 9, delta(1, 2, &[500])));
    assert!(overviews::records(db, series, 1).await.unwrap().is_empty());
}
