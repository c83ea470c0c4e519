use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures_util::future::join_all;
use rampart_domain::{
    count::{Counts, Histogram, Marked, Minute, MinuteCounts, MinuteRange, MinuteRecord},
    id::SeriesId,
};
use rampart_server::store::{Db, Error, compaction, counts};

use super::{commit, id, nth};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    what_is_added_accumulates,
    many_minutes_added_at_once_are_like_each_added_by_itself,
    what_several_servers_add_at_once_accumulates,
    what_is_not_committed_is_not_counted,
    large_counts_stay_exact,
    the_minutes_of_a_range_are_in_order,
    minutes_of_several_series_are_told_apart,
    series_with_bad_events_are_found_packed_or_not,
    sums_are_what_adding_up_the_minutes_gives,
    sums_of_ranges_are_those_of_each,
    a_series_has_begun_before_what_follows_its_first_event,
    buckets_add_up_whole_stretches,
    days_hold_what_their_minutes_hold,
    the_first_minute_is_found,
    hours_are_those_of_packed_and_other_minutes,
    an_imported_day_is_like_one_that_was_counted,
    a_minute_that_is_taken_out_is_as_if_it_had_not_been,
    a_packed_minute_stays,
    latencies_are_those_of_the_days_from_one_on,
    a_corrupt_histogram_is_reported,
);

pub(super) const DAY: i64 = 24 * 60;

/// Midnight of some day in 2026.
pub(super) const MIDNIGHT: i64 = 20_600 * DAY;

pub(super) fn good(good: u64) -> MinuteRecord {
    delta(good, 0, &[])
}

pub(super) fn delta(good: u64, bad: u64, milliseconds: &[u64]) -> MinuteRecord {
    let mut latency = Histogram::default();
    milliseconds
        .iter()
        .for_each(|ms| latency.record(Duration::from_millis(*ms)));
    MinuteRecord {
        all: Counts::new(good, bad),
        latency,
        ..MinuteRecord::new(Minute(0))
    }
}

pub(super) fn range(start: i64, end: i64) -> MinuteRange {
    MinuteRange::new(Minute(start), Minute(end))
}

pub(super) async fn add(db: &Db, series: SeriesId, deltas: &[(i64, MinuteRecord)]) {
    commit(db, async |tx| {
        for (minute, delta) in deltas {
            let record = MinuteRecord {
                minute: Minute(*minute),
                ..delta.clone()
            };
            counts::add(tx, series, &record).await?;
        }
        Ok(())
    })
    .await;
}

/// Figures that look random and are the same in every run.
fn noise(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// Some minutes of five days, with gaps, and always those at both sides of midnight.
pub(super) fn five_days(seed: u64) -> Vec<(i64, MinuteRecord)> {
    let mut noise = noise(seed);
    let mut minutes: Vec<i64> = (0..120)
        .map(|_| MIDNIGHT + i64::try_from(noise(5 * DAY as u64)).unwrap())
        .collect();
    minutes.extend((0..=5).flat_map(|day| [MIDNIGHT + day * DAY - 1, MIDNIGHT + day * DAY]));
    minutes
        .into_iter()
        .map(|minute| (minute, delta(noise(50), noise(5), &[noise(900) + 1])))
        .collect()
}

fn naive_sum(deltas: &[(i64, MinuteRecord)], range: MinuteRange) -> Counts {
    deltas
        .iter()
        .filter(|(minute, _)| range.contains(Minute(*minute)))
        .map(|(_, delta)| delta.all)
        .sum()
}

async fn what_is_added_accumulates(database: TestDatabase) {
    let db = &database.store.metrics;
    let (series, other) = (id(), id());
    let first = MinuteRecord {
        late: Counts::new(1, 2),
        ..delta(10, 3, &[5, 700])
    };
    let second = MinuteRecord {
        late: Counts::new(20, 40),
        ..delta(200, 41, &[5, 9_000])
    };
    let third = delta(7, 0, &[]);
    add(db, series, &[(MIDNIGHT, first.clone()), (MIDNIGHT + 1, third.clone())]).await;
    add(db, series, &[(MIDNIGHT, second.clone())]).await;
    add(db, other, &[(MIDNIGHT, good(1))]).await;

    assert_eq!(
        counts::minutes(db, series, range(MIDNIGHT, MIDNIGHT + DAY))
            .await
            .unwrap(),
        [
            MinuteCounts {
                minute: Minute(MIDNIGHT),
                all: Counts::new(210, 44),
                late: Counts::new(21, 42)
            },
            MinuteCounts {
                minute: Minute(MIDNIGHT + 1),
                all: Counts::new(7, 0),
                late: Counts::default()
            },
        ]
    );
    let days = counts::days(db, series, 20_600, 20_601).await.unwrap();
    assert_eq!(days.len(), 1);
    assert_eq!(
        (days[0].day, days[0].counts, days[0].minutes),
        (20_600, Counts::new(217, 44), 2)
    );
    assert_eq!(days[0].latency, delta(0, 0, &[5, 700, 5, 9_000]).latency);
}

/// Batches of minutes of some series, of which some come late for what is packed meanwhile: all that can be read is what
/// adding minute by minute gives.
async fn many_minutes_added_at_once_are_like_each_added_by_itself(database: TestDatabase) {
    let db = &database.store.metrics;
    let mut noise = noise(11);
    for sizes in [[1, 2, 40], [700, 3, 1_300]] {
        let pairs: Vec<(SeriesId, SeriesId)> = (0..5).map(|_| (id(), id())).collect();
        for size in sizes {
            let mut batch: HashMap<(usize, i64), MinuteRecord> = HashMap::new();
            for _ in 0..size {
                let place = noise(5) as usize;
                let minute = MIDNIGHT + i64::try_from(noise(2 * DAY as u64)).unwrap();
                let milliseconds: Vec<u64> = (0..noise(3)).map(|_| noise(900) + 1).collect();
                let record = MinuteRecord {
                    minute: Minute(minute),
                    late: Counts::new(noise(2), noise(2)),
                    marked: Marked {
                        platform_fault: noise(2),
                        excluded_site: noise(3),
                        scanner: noise(4),
                    },
                    ..delta(noise(50), noise(5), &milliseconds)
                };
                batch.insert((place, minute), record);
            }
            let together: Vec<_> = batch
                .iter()
                .map(|((place, _), r)| (pairs[*place].0, r.clone()))
                .collect();
            commit(db, async |tx| counts::add_all(tx, &together).await).await;
            commit(db, async |tx| {
                for ((place, _), record) in &batch {
                    counts::add(tx, pairs[*place].1, record).await?;
                }
                for (one, other) in &pairs {
                    for series in [*one, *other] {
                        compaction::pack_day(tx, series, Minute(MIDNIGHT + DAY / 2)).await?;
                    }
                }
                Ok(())
            })
            .await;
        }
        let whole = range(MIDNIGHT, MIDNIGHT + 2 * DAY);
        for (one, other) in pairs {
            let read = async |series| {
                let minutes = counts::minutes(db, series, whole).await.unwrap();
                let days = counts::days(db, series, 20_600, 20_602).await.unwrap();
                let hours = counts::hours(db, series, MIDNIGHT / 60, MIDNIGHT / 60 + 48)
                    .await
                    .unwrap();
                let asked: Vec<_> = whole.iter().map(|minute| (series, minute)).collect();
                let unpacked = commit(db, async |tx| counts::unpacked(tx, &asked).await).await;
                let mut unpacked: Vec<MinuteRecord> = unpacked.into_values().collect();
                unpacked.sort_by_key(|record| record.minute);
                assert_eq!(days.iter().map(|day| day.minutes).sum::<u64>(), minutes.len() as u64);
                (minutes, unpacked, hours, format!("{days:?}"))
            };
            assert_eq!(read(one).await, read(other).await);
        }
    }
    commit(db, async |tx| counts::add_all(tx, &[]).await).await;
}

async fn what_several_servers_add_at_once_accumulates(database: TestDatabase) {
    let (db, other_server) = (&database.store.metrics, &database.again().await.metrics);
    let series = id();
    let one = delta(1, 1, &[5]);
    for minute in MIDNIGHT..MIDNIGHT + 15 {
        join_all((0..6).map(|n| {
            let (db, one) = (if n % 2 == 0 { db } else { other_server }, one.clone());
            async move { add(db, series, &[(minute, one)]).await }
        }))
        .await;
    }
    let day = counts::days(db, series, 20_600, 20_601).await.unwrap().remove(0);
    assert_eq!(
        (day.counts, day.minutes, day.latency.total()),
        (Counts::new(90, 90), 15, 90)
    );
    let minutes = counts::minutes(db, series, range(MIDNIGHT, MIDNIGHT + 15))
        .await
        .unwrap();
    assert!(minutes.len() == 15 && minutes.iter().all(|m| m.all == Counts::new(6, 6)));
}

async fn what_is_not_committed_is_not_counted(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let mut tx = db.begin().await.unwrap();
    counts::add(&mut tx, series, &good(1)).await.unwrap();
    drop(tx);
    assert!(counts::minutes(db, series, range(0, 1)).await.unwrap().is_empty());
    assert!(counts::days(db, series, 0, 1).await.unwrap().is_empty());
}

async fn large_counts_stay_exact(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let large = 3_000_000_000_000_000_001;
    add(db, series, &[(MIDNIGHT, good(large)), (MIDNIGHT + 1, good(large))]).await;
    let whole_day = range(MIDNIGHT, MIDNIGHT + DAY);
    let expected = Counts::new(2 * large, 0);
    assert_eq!(counts::sums(db, &[series], whole_day).await.unwrap()[&series], expected);
    assert_eq!(
        counts::sums(db, &[series], range(MIDNIGHT, MIDNIGHT + 2))
            .await
            .unwrap()[&series],
        expected
    );
    assert_eq!(
        counts::buckets(db, series, whole_day, 60).await.unwrap()[0].counts,
        expected
    );
}

async fn the_minutes_of_a_range_are_in_order(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    add(
        db,
        series,
        &[(30, good(1)), (10, good(1)), (20, good(1)), (40, good(1))],
    )
    .await;
    add(db, id(), &[(15, good(1))]).await;
    let read = async |start, end| {
        counts::minutes(db, series, range(start, end))
            .await
            .unwrap()
            .into_iter()
            .map(|m| m.minute.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(read(0, i64::MAX).await, [10, 20, 30, 40]);
    assert_eq!(read(10, 30).await, [10, 20], "the end is not in it");
    assert!(read(11, 20).await.is_empty());
    assert!(read(30, 10).await.is_empty());
}

async fn minutes_of_several_series_are_told_apart(database: TestDatabase) {
    let db = &database.store.metrics;
    let (one, two, other) = (id(), id(), id());
    add(db, one, &[(12, good(2)), (10, good(1)), (9, good(5))]).await;
    let late = MinuteRecord {
        late: Counts::new(0, 3),
        ..delta(0, 4, &[])
    };
    add(db, two, &[(11, late), (13, good(5))]).await;
    add(db, other, &[(11, good(1))]).await;
    let found = counts::minutes_of(db, &[one, two, id()], range(10, 13)).await.unwrap();
    let minute = |n, all, late| MinuteCounts {
        minute: Minute(n),
        all,
        late,
    };
    let expected = HashMap::from([
        (
            one,
            vec![
                minute(10, Counts::new(1, 0), Counts::default()),
                minute(12, Counts::new(2, 0), Counts::default()),
            ],
        ),
        (two, vec![minute(11, Counts::new(0, 4), Counts::new(0, 3))]),
    ]);
    assert_eq!(found, expected);
    assert!(
        counts::minutes_of(db, &[one, two], range(14, 20))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(counts::minutes_of(db, &[], range(0, 99)).await.unwrap().is_empty());
}

async fn series_with_bad_events_are_found_packed_or_not(database: TestDatabase) {
    let db = &database.store.metrics;
    let (bad, early, packed, well) = (id(), id(), id(), id());
    add(db, bad, &[(MIDNIGHT + 100, delta(1, 1, &[]))]).await;
    add(
        db,
        early,
        &[(MIDNIGHT + 10, delta(0, 1, &[])), (MIDNIGHT + 100, good(1))],
    )
    .await;
    add(db, packed, &[(MIDNIGHT + 100, delta(0, 1, &[]))]).await;
    add(db, well, &[(MIDNIGHT + 100, good(9))]).await;
    commit(db, async |tx| {
        compaction::pack_day(tx, packed, Minute(MIDNIGHT + DAY)).await
    })
    .await;
    let found = async |start, end| {
        let range = range(MIDNIGHT + start, MIDNIGHT + end);
        counts::with_bad_events(db, range).await.unwrap()
    };
    assert_eq!(found(95, 110).await, HashSet::from([bad, packed]));
    assert_eq!(
        found(0, 100).await,
        HashSet::from([early, packed]),
        "packed ones to the hour"
    );
    assert_eq!(found(0, 60).await, HashSet::from([early]));
}

async fn sums_are_what_adding_up_the_minutes_gives(database: TestDatabase) {
    let db = &database.store.metrics;
    let (one, two, silent) = (nth(1), nth(2), nth(3));
    let (of_one, of_two) = (five_days(1), five_days(2));
    add(db, one, &of_one).await;
    add(db, two, &of_two).await;
    add(db, nth(4), &five_days(3)).await;

    let mut noise = noise(4);
    let mut ranges: Vec<(i64, i64)> = (0..100)
        .map(|_| {
            let start = i64::try_from(noise(7 * DAY as u64)).unwrap() - DAY;
            (start, start + i64::try_from(noise(5 * DAY as u64)).unwrap())
        })
        .collect();
    let bounds = [
        -1,
        0,
        1,
        DAY - 1,
        DAY,
        DAY + 1,
        2 * DAY - 1,
        2 * DAY,
        3 * DAY,
        5 * DAY - 1,
        5 * DAY,
        5 * DAY + 1,
    ];
    ranges.extend(
        bounds
            .iter()
            .flat_map(|start| bounds.iter().map(move |end| (*start, *end))),
    );
    ranges.extend([(0, i64::MAX - MIDNIGHT), (-MIDNIGHT, i64::MAX - MIDNIGHT)]);
    for (start, end) in ranges {
        let range = range(MIDNIGHT + start, MIDNIGHT + end);
        let sums = counts::sums(db, &[one, two, silent], range).await.unwrap();
        for (series, deltas) in [(one, &of_one), (two, &of_two)] {
            let sum = sums.get(&series).copied().unwrap_or_default();
            assert_eq!(sum, naive_sum(deltas, range), "from {start} to {end} of {series}");
        }
        assert!(!sums.contains_key(&silent) && !sums.contains_key(&nth(4)));
    }
    assert!(counts::sums(db, &[], range(0, i64::MAX)).await.unwrap().is_empty());
}

async fn buckets_add_up_whole_stretches(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let deltas = five_days(5);
    add(db, series, &deltas).await;
    add(db, id(), &five_days(6)).await;
    for length in [1, 5, 60, DAY] {
        for (start, end) in [(0, 5 * DAY), (7, DAY + 7), (3 * DAY, 3 * DAY), (-2 * DAY, -DAY)] {
            let range = range(MIDNIGHT + start, MIDNIGHT + end);
            let mut expected: Vec<(i64, Counts)> = Vec::new();
            let mut sorted = deltas.clone();
            sorted.sort_by_key(|(minute, _)| *minute);
            for (minute, delta) in sorted.iter().filter(|(minute, _)| range.contains(Minute(*minute))) {
                let bucket = minute / length * length;
                match expected.last_mut() {
                    Some((last, sum)) if *last == bucket => *sum += delta.all,
                    _ => expected.push((bucket, delta.all)),
                }
            }
            let found: Vec<_> = counts::buckets(db, series, range, length)
                .await
                .unwrap()
                .iter()
                .map(|b| (b.start.0, b.counts))
                .collect();
            assert_eq!(found, expected, "stretches of {length} from {start} to {end}");
        }
    }
}

async fn days_hold_what_their_minutes_hold(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let deltas = five_days(7);
    add(db, series, &deltas).await;
    add(db, id(), &five_days(8)).await;
    let days = counts::days(db, series, 20_600, 20_604).await.unwrap();
    assert_eq!(
        days.iter().map(|d| d.day).collect::<Vec<_>>(),
        [20_600, 20_601, 20_602, 20_603],
        "the end is not in it"
    );
    for day in days {
        let range = range(day.day * DAY, (day.day + 1) * DAY);
        let mut latency = Histogram::default();
        let inside: Vec<_> = deltas
            .iter()
            .filter(|(minute, _)| range.contains(Minute(*minute)))
            .collect();
        inside.iter().for_each(|(_, delta)| latency.merge(&delta.latency));
        let mut minutes: Vec<_> = inside.iter().map(|(minute, _)| *minute).collect();
        minutes.sort_unstable();
        minutes.dedup();
        assert_eq!(
            (day.counts, day.minutes),
            (naive_sum(&deltas, range), minutes.len() as u64)
        );
        assert_eq!(day.latency, latency);
    }
    assert!(counts::days(db, series, 20_604, 20_604).await.unwrap().is_empty());
    assert!(counts::days(db, id(), 0, i64::MAX).await.unwrap().is_empty());
}

async fn the_first_minute_is_found(database: TestDatabase) {
    let db = &database.store.metrics;
    let (series, other) = (id(), id());
    let first = async || counts::first_minute(db, series).await.unwrap();
    add(db, other, &[(1, good(1)), (9_999, good(1))]).await;
    assert_eq!(first().await, None);
    add(db, series, &[(MIDNIGHT + 20, good(1))]).await;
    assert_eq!(first().await, Some(Minute(MIDNIGHT + 20)));
    add(db, series, &[(MIDNIGHT + 30, good(1)), (MIDNIGHT + 10, good(1))]).await;
    assert_eq!(first().await, Some(Minute(MIDNIGHT + 10)));
    commit(db, async |tx| {
        compaction::pack_day(tx, series, Minute(MIDNIGHT + DAY)).await
    })
    .await;
    assert_eq!(first().await, Some(Minute(MIDNIGHT + 10)));
}

async fn hours_are_those_of_packed_and_other_minutes(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    add(db, id(), &[(MIDNIGHT, good(9))]).await;
    add(
        db,
        series,
        &[(MIDNIGHT + 59, delta(2, 1, &[5])), (MIDNIGHT + 60, delta(3, 0, &[70]))],
    )
    .await;
    commit(db, async |tx| {
        compaction::pack_day(tx, series, Minute(MIDNIGHT + 120)).await
    })
    .await;
    add(
        db,
        series,
        &[(MIDNIGHT, delta(1, 1, &[900])), (MIDNIGHT + 180, good(4))],
    )
    .await;
    let first = MIDNIGHT / 60;
    let found = counts::hours(db, series, first, first + 3).await.unwrap();
    let hour = |n, good, bad, latencies| counts::Hour {
        hour: first + n,
        counts: Counts::new(good, bad),
        latency: delta(0, 0, latencies).latency,
    };
    assert_eq!(found, [hour(0, 3, 2, &[5, 900]), hour(1, 3, 0, &[70])]);
}

async fn an_imported_day_is_like_one_that_was_counted(database: TestDatabase) {
    let db = &database.store.metrics;
    let (imported, counted, without) = (id(), id(), id());
    let records: Vec<MinuteRecord> = five_days(9)
        .into_iter()
        .map(|(minute, record)| MinuteRecord {
            minute: Minute(minute),
            ..record
        })
        .filter(|record| record.minute.day() == 20_600)
        .collect();
    commit(db, async |tx| {
        counts::import_day(tx, imported, 20_600, &records, true).await
    })
    .await;
    commit(db, async |tx| {
        counts::import_day(tx, without, 20_600, &records, false).await
    })
    .await;
    for record in &records {
        commit(db, async |tx| counts::add(tx, counted, record).await).await;
    }
    let whole = range(MIDNIGHT, MIDNIGHT + DAY);
    let of = async |series| {
        let days = counts::days(db, series, 20_600, 20_601).await.unwrap();
        let hours = counts::hours(db, series, MIDNIGHT / 60, MIDNIGHT / 60 + 24)
            .await
            .unwrap();
        (format!("{days:?}"), hours)
    };
    assert_eq!(of(imported).await, of(counted).await);
    assert_eq!(of(without).await, of(counted).await);
    let minutes = async |series| counts::minutes(db, series, whole).await.unwrap();
    assert!(!minutes(counted).await.is_empty());
    assert_eq!(minutes(imported).await, minutes(counted).await);
    assert!(minutes(without).await.is_empty());
}

async fn a_minute_that_is_taken_out_is_as_if_it_had_not_been(database: TestDatabase) {
    let db = &database.store.metrics;
    let (series, other) = (id(), id());
    let marked = Marked {
        platform_fault: 1,
        excluded_site: 2,
        scanner: 3,
    };
    let record = MinuteRecord {
        minute: Minute(MIDNIGHT + 1),
        late: Counts::new(4, 1),
        marked,
        ..delta(10, 3, &[5, 700])
    };
    add(
        db,
        series,
        &[(MIDNIGHT, delta(7, 1, &[5])), (MIDNIGHT + 1, record.clone())],
    )
    .await;
    add(db, other, &[(MIDNIGHT + 1, good(1))]).await;
    let read = async |minute: i64| {
        let asked = [(series, Minute(minute)), (other, Minute(MIDNIGHT))];
        let mut found = commit(db, async |tx| counts::unpacked(tx, &asked).await).await;
        let record = found.remove(&asked[0]);
        assert!(found.is_empty(), "there is nothing in the other minute");
        record
    };
    let take = async |minute: i64| commit(db, async |tx| counts::take(tx, series, Minute(minute)).await).await;
    assert_eq!(read(MIDNIGHT + 1).await, Some(record.clone()));
    assert_eq!(take(MIDNIGHT + 1).await, Some(record));
    assert_eq!(
        (read(MIDNIGHT + 1).await, take(MIDNIGHT + 1).await),
        (None, None),
        "once"
    );
    assert_eq!(take(MIDNIGHT + DAY).await, None, "of a day without anything");

    let only = id();
    add(db, only, &[(MIDNIGHT, delta(7, 1, &[5]))]).await;
    let day = async |series| format!("{:?}", counts::days(db, series, 20_600, 20_601).await.unwrap());
    assert_eq!(day(series).await, day(only).await);
    let left = counts::minutes(db, series, range(MIDNIGHT, MIDNIGHT + DAY))
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(
        counts::days(db, other, 20_600, 20_601).await.unwrap()[0].counts,
        Counts::new(1, 0)
    );
}

async fn a_packed_minute_stays(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    add(db, series, &[(MIDNIGHT, good(1)), (MIDNIGHT + 9, good(2))]).await;
    commit(db, async |tx| {
        compaction::pack_day(tx, series, Minute(MIDNIGHT + 5)).await
    })
    .await;
    // Something comes late for what is packed.
    add(db, series, &[(MIDNIGHT, good(4))]).await;
    for (minute, counted) in [(MIDNIGHT, None), (MIDNIGHT + 9, Some(2))] {
        let minute = Minute(minute);
        let read = commit(db, async |tx| counts::unpacked(tx, &[(series, minute)]).await).await;
        let read = read.into_values().next();
        let taken = commit(db, async |tx| counts::take(tx, series, minute).await).await;
        assert_eq!(read, taken);
        assert_eq!(taken.map(|record| record.all.good), counted);
    }
    let day = counts::days(db, series, 20_600, 20_601).await.unwrap().remove(0);
    assert_eq!((day.counts, day.minutes), (Counts::new(5, 0), 1));
}

async fn latencies_are_those_of_the_days_from_one_on(database: TestDatabase) {
    let db = &database.store.metrics;
    let (one, two, silent) = (id(), id(), id());
    add(
        db,
        one,
        &[
            (MIDNIGHT - 1, delta(1, 0, &[1])),
            (MIDNIGHT, delta(1, 0, &[20])),
            (MIDNIGHT + DAY, delta(1, 0, &[300])),
        ],
    )
    .await;
    add(db, two, &[(MIDNIGHT, good(1))]).await;
    let found = counts::latencies(db, &[one, two, silent], 20_600).await.unwrap();
    assert_eq!(found[&one], delta(0, 0, &[20, 300]).latency);
    assert!(
        found.get(&two).is_none_or(Histogram::is_empty),
        "counted without latency"
    );
    assert!(!found.contains_key(&silent));
    assert!(counts::latencies(db, &[], 0).await.unwrap().is_empty());
}

async fn a_corrupt_histogram_is_reported(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    add(db, series, &[(MIDNIGHT, delta(1, 0, &[20]))]).await;
    let zero = match db {
        Db::Sqlite(_) => "x'00'",
        Db::Postgres(_) => "'\\x00'",
    };
    sql(db, &format!("update count_day set latency = {zero}"))
        .await
        .unwrap();
    for error in [
        counts::days(db, series, 0, i64::MAX).await.unwrap_err(),
        counts::latencies(db, &[series], 0).await.unwrap_err(),
    ] {
        assert!(
            matches!(
                &error,
                Error::Corrupt {
                    what: "latency histogram",
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

async fn sums_of_ranges_are_those_of_each(database: TestDatabase) {
    let db = &database.store.metrics;
    let (packed, fresh): (SeriesId, SeriesId) = (id(), id());
    for series in [packed, fresh] {
        add(db, series, &five_days(9)).await;
    }
    for day in 0..3 {
        let end = Minute(MIDNIGHT + (day + 1) * DAY);
        commit(db, async |tx| compaction::pack_day(tx, packed, end).await).await;
    }
    let ranges = [
        range(MIDNIGHT + 30, MIDNIGHT + 90),
        range(MIDNIGHT + 100, MIDNIGHT + 100),
        range(MIDNIGHT + 200, MIDNIGHT + DAY + 300),
        range(MIDNIGHT + 4 * DAY + 7, MIDNIGHT + 4 * DAY + 900),
    ];
    let asked: Vec<_> = [packed, fresh]
        .into_iter()
        .flat_map(|series| ranges.map(|range| (series, range)))
        .collect();
    let found = counts::sums_of_ranges(db, &asked).await.unwrap();
    let mut expected = Counts::default();
    for range in ranges {
        let minutes = counts::minutes(db, fresh, range).await.unwrap();
        expected += minutes.iter().map(|m| m.all).sum();
    }
    assert!(expected.is_defined());
    assert_eq!(found, HashMap::from([(packed, expected), (fresh, expected)]));
    assert_eq!(counts::sums_of_ranges(db, &[]).await.unwrap(), HashMap::new());
    assert_eq!(
        counts::sums_of_ranges(db, &[(id(), ranges[0])]).await.unwrap(),
        HashMap::new()
    );
}

async fn a_series_has_begun_before_what_follows_its_first_event(database: TestDatabase) {
    let db = &database.store.metrics;
    let (early, late, never): (SeriesId, SeriesId, SeriesId) = (id(), id(), id());
    add(db, early, &[(MIDNIGHT + 100, good(1))]).await;
    add(db, late, &[(MIDNIGHT + DAY, good(1))]).await;
    let before = async |end| {
        counts::begun_before(db, &[early, late, never], Minute(end))
            .await
            .unwrap()
    };
    assert_eq!(before(MIDNIGHT).await, HashSet::new());
    assert_eq!(before(MIDNIGHT + 100).await, HashSet::new());
    assert_eq!(before(MIDNIGHT + 101).await, HashSet::from([early]));
    assert_eq!(before(MIDNIGHT + DAY).await, HashSet::from([early]));
    assert_eq!(before(MIDNIGHT + DAY + 1).await, HashSet::from([early, late]));
    assert_eq!(
        counts::begun_before(db, &[], Minute(MIDNIGHT)).await.unwrap(),
        HashSet::new()
    );
}
