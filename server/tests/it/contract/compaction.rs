use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join;
use rampart_domain::{
    count::{Counts, Histogram, MINUTES_PER_DAY as DAY, Marked, Minute, MinuteCounts, MinuteRange, MinuteRecord},
    id::SeriesId,
};
use rampart_server::store::{
    Db, Error, compaction, counts, overviews,
    probes::{self, Probe},
    rounds,
};

use super::{commit, id};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    packing_changes_no_figure,
    packing_beside_counting_loses_and_doubles_nothing,
    the_stored_form_takes_little_room,
    a_corrupt_packed_day_is_reported,
    what_was_kept_long_enough_is_deleted,
    probes_are_deleted_a_few_at_a_time,
    rounds_without_failed_canaries_are_deleted_first,
);

const MIDNIGHT: i64 = 20_600 * DAY;

fn range(start: i64, end: i64) -> MinuteRange {
    MinuteRange::new(Minute(start), Minute(end))
}

/// Figures that look random and are the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn minute(&mut self, days: i64) -> Minute {
        Minute(MIDNIGHT + self.below((days * DAY).unsigned_abs()).cast_signed())
    }

    fn record(&mut self, minute: Minute) -> MinuteRecord {
        let mut latency = Histogram::default();
        (0..self.below(3)).for_each(|_| latency.record(Duration::from_millis(self.below(900))));
        let all = Counts::new(self.below(9), self.below(4));
        let late = if self.below(5) == 0 { all } else { Counts::default() };
        let marked = Marked {
            platform_fault: self.below(2),
            excluded_site: self.below(3),
            scanner: 0,
        };
        MinuteRecord {
            minute,
            all,
            late,
            marked,
            latency,
        }
    }
}

async fn add(db: &Db, series: SeriesId, records: &[MinuteRecord]) {
    commit(db, async |tx| {
        for record in records {
            counts::add(tx, series, record).await?;
        }
        Ok(())
    })
    .await;
}

async fn pack(db: &Db, series: SeriesId, before: Minute) -> usize {
    let mut packed = 0;
    loop {
        match commit(db, async |tx| compaction::pack_day(tx, series, before).await).await {
            0 => return packed,
            minutes => packed += minutes,
        }
    }
}

/// Everything that a reader can ask, from a plain list of what was added.
async fn assert_recount(db: &Db, series: SeriesId, added: &[MinuteRecord], noise: &mut Noise) {
    let mut plain: BTreeMap<Minute, MinuteRecord> = BTreeMap::new();
    for record in added {
        plain
            .entry(record.minute)
            .or_insert_with(|| MinuteRecord::new(record.minute))
            .merge(record);
    }
    let within = |range: MinuteRange| plain.range(range.start..range.end).map(|(_, record)| record);
    let everything = range(MIDNIGHT - DAY, MIDNIGHT + 5 * DAY);
    let mut ranges = vec![everything, range(MIDNIGHT, MIDNIGHT + DAY)];
    for _ in 0..20 {
        let (a, b) = (noise.minute(3), noise.minute(3));
        ranges.push(MinuteRange::new(a.min(b), a.max(b)));
    }
    for range in ranges {
        let expected: Vec<MinuteCounts> = within(range).map(MinuteRecord::counts).collect();
        assert_eq!(counts::minutes(db, series, range).await.unwrap(), expected, "{range:?}");
        let bad = counts::with_bad_events(db, range).await.unwrap().contains(&series);
        assert!(bad || !expected.iter().any(|m| m.all.bad > 0), "{range:?}");
        let sum: Counts = expected.iter().map(|m| m.all).sum();
        let sums = counts::sums(db, &[series], range).await.unwrap();
        assert_eq!(sums.get(&series).copied().unwrap_or_default(), sum, "{range:?}");
        let buckets = counts::buckets(db, series, range, 5).await.unwrap();
        assert_eq!(buckets.iter().map(|b| b.counts).sum::<Counts>(), sum);
    }
    for day in counts::days(db, series, 20_599, 20_605).await.unwrap() {
        let mut sum = MinuteRecord::new(Minute::of_day(day.day));
        within(MinuteRange::of_day(day.day)).for_each(|record| sum.merge(record));
        let minutes = within(MinuteRange::of_day(day.day)).count() as u64;
        assert_eq!((day.counts, day.minutes, day.latency), (sum.all, minutes, sum.latency));
    }
    let hours = counts::hours(db, series, MIDNIGHT / 60, MIDNIGHT / 60 + 120)
        .await
        .unwrap();
    assert_eq!(
        hours.iter().map(|h| h.counts).sum::<Counts>(),
        plain.values().map(|r| r.all).sum()
    );
    for hour in hours {
        let mut sum = MinuteRecord::new(Minute(0));
        within(range(hour.hour * 60, hour.hour * 60 + 60)).for_each(|record| sum.merge(record));
        assert_eq!((hour.counts, hour.latency), (sum.all, sum.latency));
    }
    let last = plain.keys().next_back().copied();
    let found = overviews::last_minutes(db, &[series]).await.unwrap();
    assert_eq!(found.get(&series).copied(), last);
    assert_eq!(
        counts::first_minute(db, series).await.unwrap(),
        plain.keys().next().copied()
    );
}

async fn packing_changes_no_figure(database: TestDatabase) {
    let db = &database.store.metrics;
    let other = id();
    add(db, other, &[Noise(0).record(Minute(MIDNIGHT))]).await;
    for seed in 1..=4 {
        let mut noise = Noise(seed);
        let series = id();
        let mut added = Vec::new();
        for _ in 0..5 {
            // Some at random, and a stretch of neighbours as a prober counts them.
            let from = noise.minute(3);
            let mut records: Vec<_> = (0..40)
                .map(|n| {
                    let minute = from + n;
                    noise.record(minute)
                })
                .collect();
            records.extend((0..30).map(|_| {
                let minute = noise.minute(3);
                noise.record(minute)
            }));
            add(db, series, &records).await;
            added.extend(records);
            pack(db, series, noise.minute(4)).await;
            assert_recount(db, series, &added, &mut noise).await;
        }
        pack(db, series, Minute(i64::MAX)).await;
        assert_eq!(pack(db, series, Minute(i64::MAX)).await, 0, "everything is packed");
        assert_recount(db, series, &added, &mut noise).await;
    }
    let untouched = counts::minutes(db, other, range(MIDNIGHT, MIDNIGHT + 1)).await.unwrap();
    assert_eq!(untouched[0].all, Noise(0).record(Minute(MIDNIGHT)).all);
}

async fn packing_beside_counting_loses_and_doubles_nothing(database: TestDatabase) {
    let (db, other_server) = (&database.store.metrics, &database.again().await.metrics);
    let series = id();
    let mut noise = Noise(7);
    let records: Vec<_> = (0..60)
        .map(|_| {
            let minute = noise.minute(1);
            noise.record(minute)
        })
        .collect();
    let counting = async {
        for record in &records {
            add(db, series, std::slice::from_ref(record)).await;
        }
    };
    let packing = async {
        for hour in 1..=24 {
            pack(other_server, series, Minute(MIDNIGHT + hour * 60)).await;
        }
    };
    // A reader never sees a minute twice or not at all: what it sees only grows.
    let reading = async {
        let mut seen = 0;
        for _ in 0..40 {
            let minutes = counts::minutes(db, series, MinuteRange::of_day(20_600)).await.unwrap();
            let total: u64 = minutes.iter().map(|m| m.all.total()).sum();
            assert!(total >= seen, "{total} after {seen}");
            seen = total;
        }
    };
    join(join(counting, packing), reading).await;
    assert_recount(db, series, &records, &mut noise).await;
}

async fn the_stored_form_takes_little_room(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    let mut noise = Noise(3);
    let records: Vec<_> = (0..DAY)
        .map(|minute| {
            let mut latency = Histogram::default();
            latency.record(Duration::from_millis(60 + noise.below(60)));
            MinuteRecord {
                all: Counts::new(1, 0),
                latency,
                ..MinuteRecord::new(Minute(MIDNIGHT + minute))
            }
        })
        .collect();
    add(db, series, &records).await;
    pack(db, series, Minute(MIDNIGHT + DAY)).await;
    let query = "select length(counts) + length(latency) from count_packed";
    let bytes: i32 = match db {
        Db::Sqlite(pools) => sqlx::query_scalar(query).fetch_one(&pools.read).await,
        Db::Postgres(pool) => sqlx::query_scalar(query).fetch_one(pool).await,
    }
    .unwrap();
    assert!(bytes < 1_000, "{bytes} bytes for a day of probes that all answered");
    let left = sql(db, "delete from count_minute").await.unwrap();
    assert_eq!(left, 0, "its minutes have no rows of their own any more");
}

async fn a_corrupt_packed_day_is_reported(database: TestDatabase) {
    let db = &database.store.metrics;
    let series = id();
    add(db, series, &[Noise(1).record(Minute(MIDNIGHT))]).await;
    pack(db, series, Minute(MIDNIGHT + 1)).await;
    let zero = match db {
        Db::Sqlite(_) => "x'00'",
        Db::Postgres(_) => "'\\x00'",
    };
    sql(db, &format!("update count_packed set counts = {zero}"))
        .await
        .unwrap();
    let error = counts::minutes(db, series, MinuteRange::of_day(20_600))
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::Corrupt { what: "packed day", .. }), "{error:?}");
    add(db, series, &[Noise(1).record(Minute(MIDNIGHT + 1))]).await;
    let mut tx = db.begin().await.unwrap();
    let error = compaction::pack_day(&mut tx, series, Minute(MIDNIGHT + 2))
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::Corrupt { what: "packed day", .. }), "{error:?}");
}

async fn what_was_kept_long_enough_is_deleted(database: TestDatabase) {
    let db = &database.store.metrics;
    let (series, other) = (id(), id());
    let records: Vec<_> = (0..3)
        .map(|day| Noise(day).record(Minute(MIDNIGHT + day.cast_signed() * DAY)))
        .collect();
    for id in [series, other] {
        add(db, id, &records).await;
        pack(db, id, Minute(i64::MAX)).await;
    }
    let deleted = commit(db, async |tx| compaction::delete_minutes(tx, series, 20_602).await).await;
    assert_eq!(deleted, 2);
    let deleted = commit(db, async |tx| {
        compaction::delete_hours(tx, series, Minute(MIDNIGHT + DAY)).await
    })
    .await;
    assert_eq!(deleted, 1);
    let kept = async |id| {
        let minutes = counts::minutes(db, id, range(MIDNIGHT, MIDNIGHT + 3 * DAY))
            .await
            .unwrap()
            .len();
        let hours = counts::hours(db, id, MIDNIGHT / 60, MIDNIGHT / 60 + 72)
            .await
            .unwrap()
            .len();
        (
            minutes,
            hours,
            counts::days(db, id, 20_600, 20_603).await.unwrap().len(),
        )
    };
    assert_eq!((kept(series).await, kept(other).await), ((1, 2, 3), (3, 3, 3)));
}

fn probe(series: SeriesId, minute: i64, good: bool) -> Probe {
    Probe {
        series_id: series,
        at: minute * 60_000_000,
        good,
        counted: true,
        status: Some(200),
        class: None,
        reason: None,
        address: None,
        dns: None,
        connect: None,
        tls: None,
        first_byte: None,
        total: 1,
    }
}

async fn probes_are_deleted_a_few_at_a_time(database: TestDatabase) {
    let db = &database.store.metrics;
    let (series, other) = (id(), id());
    commit(db, async |tx| {
        for minute in 0..10 {
            probes::insert(tx, &probe(series, minute, minute % 3 != 0)).await?;
            probes::insert(tx, &probe(other, minute, true)).await?;
        }
        Ok(())
    })
    .await;
    let delete = async |range, bad_too, limit| {
        commit(db, async |tx| {
            compaction::delete_probes(tx, series, range, bad_too, limit).await
        })
        .await
    };
    let left = async || {
        let found = probes::within(db, series, range(0, 99), false, 99).await.unwrap();
        found.iter().map(|p| p.at / 60_000_000).collect::<Vec<_>>()
    };
    assert_eq!(delete(range(2, 8), false, 2).await, 2);
    assert_eq!(left().await, [9, 8, 7, 6, 5, 3, 1, 0]);
    assert_eq!(delete(range(2, 8), false, 9).await, 2);
    assert_eq!(left().await, [9, 8, 6, 3, 1, 0]);
    assert_eq!(delete(range(0, 7), true, 9).await, 4);
    assert_eq!(left().await, [9, 8]);
    assert_eq!(
        probes::within(db, other, range(0, 99), false, 99).await.unwrap().len(),
        10
    );
}

async fn rounds_without_failed_canaries_are_deleted_first(database: TestDatabase) {
    let db = &database.store.metrics;
    commit(db, async |tx| {
        for round in 0..12 {
            rounds::note_canaries(tx, round, 2, u64::from(round == 3)).await?;
        }
        Ok(())
    })
    .await;
    let delete = async |minute, failed_too| {
        commit(db, async |tx| {
            compaction::delete_rounds(tx, Minute(minute), failed_too).await
        })
        .await
    };
    assert_eq!(delete(1, false).await, 5);
    assert_eq!(rounds::failed(db, 0, 99).await.unwrap().len(), 1);
    assert_eq!(delete(1, true).await, 1);
    assert_eq!(delete(2, true).await, 6);
}
