use std::collections::HashMap;

use rampart_domain::{
    count::{Minute, MinuteRange},
    id::SeriesId,
};
use rampart_server::store::{
    Db,
    probes::{self, Probe},
};

use super::{NASTY, commit, id, long_text, now, nth};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_probe_comes_back_as_it_was_stored,
    a_probe_is_stored_once,
    many_probes_come_back_as_they_were_stored,
    the_last_probe_of_each_series_is_found,
    probes_of_a_range_are_listed_the_latest_first,
    good_and_all_probes_are_tallied_from_a_minute_on,
);

/// A good probe with nothing to tell.
fn probe(series: SeriesId, at: i64) -> Probe {
    Probe {
        series_id: series,
        at,
        good: true,
        counted: true,
        status: None,
        class: None,
        reason: None,
        address: None,
        dns: None,
        connect: None,
        tls: None,
        first_byte: None,
        total: 0,
    }
}

async fn insert(db: &Db, probe: &Probe) -> bool {
    commit(db, async |tx| probes::insert(tx, probe).await).await
}

async fn within(db: &Db, series: SeriesId, start: i64, end: i64, only_bad: bool, limit: i64) -> Vec<Probe> {
    probes::within(
        db,
        series,
        MinuteRange::new(Minute(start), Minute(end)),
        only_bad,
        limit,
    )
    .await
    .unwrap()
}

async fn a_probe_comes_back_as_it_was_stored(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let full = Probe {
        good: false,
        counted: false,
        status: Some(503),
        class: Some("status".to_owned()),
        reason: Some(format!("{NASTY}{}", long_text())),
        address: Some("2001:db8::1".to_owned()),
        dns: Some(0),
        connect: Some(1),
        tls: Some(2_000_000),
        first_byte: Some(3_000_000),
        total: i64::MAX,
        ..probe(series, now().timestamp_micros())
    };
    let empty = probe(series, full.at + 1);
    assert_eq!(full.time(), now());
    for written in [full, empty] {
        assert!(insert(db, &written).await);
        assert_eq!(probes::last(db, &[series]).await.unwrap()[&series], written);
        assert_eq!(within(db, series, 0, i64::MAX, false, 1).await, [written]);
    }
}

async fn many_probes_come_back_as_they_were_stored(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let many: Vec<Probe> = (0..2_345_i64)
        .map(|n| Probe {
            good: n % 3 == 0,
            status: (n % 2 == 0).then_some(200 + n),
            reason: Some(format!("{n}: {NASTY}")),
            first_byte: Some(n),
            total: n + 1,
            ..probe(series, n)
        })
        .collect();
    commit(db, async |tx| probes::insert_all(tx, &many).await).await;
    let mut found = within(db, series, 0, 1, false, 10_000).await;
    found.reverse();
    assert_eq!(found, many);
    let twice = super::refused(db, async |tx| probes::insert_all(tx, &many[..1]).await).await;
    assert!(twice.is_taken("probe", "series_id"), "{twice}");
    commit(db, async |tx| probes::insert_all(tx, &[]).await).await;
}

async fn a_probe_is_stored_once(database: TestDatabase) {
    let db = &database.store.metrics;
    let (series, other) = (id(), id());
    let first = Probe {
        total: 1,
        ..probe(series, 100)
    };
    assert!(insert(db, &first).await);
    assert!(!insert(db, &first).await);
    assert!(
        !insert(
            db,
            &Probe {
                good: false,
                total: 2,
                ..first.clone()
            }
        )
        .await,
        "the first one stays"
    );
    assert!(insert(db, &probe(series, 101)).await, "another time");
    assert!(insert(db, &probe(other, 100)).await, "another series");
    assert_eq!(within(db, series, 0, 1, false, 9).await, [probe(series, 101), first]);
}

async fn the_last_probe_of_each_series_is_found(database: TestDatabase) {
    let db = &database.store.metrics;
    let (one, two, silent) = (nth(1), nth(2), nth(3));
    for probe in [
        probe(one, 30),
        probe(one, 10),
        probe(one, 20),
        probe(two, 5),
        probe(nth(4), 99),
    ] {
        insert(db, &probe).await;
    }
    let found = probes::last(db, &[one, two, silent]).await.unwrap();
    assert_eq!(found, HashMap::from([(one, probe(one, 30)), (two, probe(two, 5))]));
    assert!(probes::last(db, &[]).await.unwrap().is_empty());
}

async fn probes_of_a_range_are_listed_the_latest_first(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let minute = 60_000_000;
    for (at, good) in [
        (2 * minute - 1, true),
        (2 * minute, false),
        (3 * minute, true),
        (4 * minute - 1, false),
        (4 * minute, true),
    ] {
        insert(
            db,
            &Probe {
                good,
                ..probe(series, at)
            },
        )
        .await;
    }
    insert(db, &probe(id(), 3 * minute)).await;
    let times = async |only_bad, limit| {
        within(db, series, 2, 4, only_bad, limit)
            .await
            .iter()
            .map(|p| p.at)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        times(false, 9).await,
        [4 * minute - 1, 3 * minute, 2 * minute],
        "minute 4 is not in it"
    );
    assert_eq!(times(true, 9).await, [4 * minute - 1, 2 * minute]);
    assert_eq!(times(false, 2).await, [4 * minute - 1, 3 * minute]);
    assert_eq!(within(db, series, i64::MIN, i64::MAX, false, 9).await.len(), 5);
    assert!(within(db, series, 5, 9, false, 9).await.is_empty());
}

async fn good_and_all_probes_are_tallied_from_a_minute_on(database: TestDatabase) {
    let db = &database.store.metrics;
    let (first, second): (SeriesId, SeriesId) = (id(), id());
    let at = |minute: i64| minute * 60_000_000;
    for probe in [
        probe(first, at(10) - 1),
        probe(first, at(10)),
        Probe {
            good: false,
            ..probe(first, at(11))
        },
        Probe {
            counted: false,
            ..probe(first, at(12))
        },
        probe(second, at(9)),
    ] {
        assert!(insert(db, &probe).await);
    }
    let tallies = probes::tallies(db, &[first, second], Minute(10)).await.unwrap();
    assert_eq!(
        tallies,
        HashMap::from([(first, (1, 2))]),
        "what was not counted is left out, and what came before"
    );
    assert!(probes::tallies(db, &[], Minute(0)).await.unwrap().is_empty());
}
