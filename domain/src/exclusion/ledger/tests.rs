use proptest::prelude::*;

use super::*;
use crate::exclusion::ExclusionKind;
use crate::sli::{Group, Product, SeriesKey, Sli};

const APP: Uuid = Uuid::from_u128(1);
const OTHER_APP: Uuid = Uuid::from_u128(2);

fn key() -> SeriesKey {
    SeriesKey {
        product: Product::None,
        sli: Sli::Availability,
        group: Group::Prod,
        target: "https://a.example".into(),
    }
}

fn range(start: i64, end: i64) -> MinuteRange {
    MinuteRange::new(Minute(start), Minute(end))
}

/// A planned downtime of everything that the app has.
fn entry(id: u128, start: i64, end: i64) -> LedgerEntry {
    LedgerEntry {
        id: Uuid::from_u128(id),
        app: Some(APP),
        sli: None,
        product: None,
        target: None,
        range: range(start, end),
        kind: ExclusionKind::PlannedDowntime,
        authority: "window".into(),
        revoked: false,
    }
}

/// The ids that are named for the minutes 0 to 29, as ranges.
fn named(ledger: &Ledger) -> Vec<(i64, i64, u128)> {
    let key = key();
    ledger
        .excluded_ranges(SeriesRef { app: APP, key: &key }, range(0, 30))
        .iter()
        .map(|e| (e.range.start.0, e.range.end.0, e.entry.id.as_u128()))
        .collect()
}

#[test]
fn an_empty_ledger_excludes_nothing() {
    let key = key();
    let series = SeriesRef { app: APP, key: &key };
    let minute = MinuteCounts {
        minute: Minute(5),
        all: Counts::new(3, 2),
        late: Counts::new(1, 1),
    };
    let sums = Ledger::default().adjust(series, &[minute]);
    let expected = Adjusted {
        raw: Counts::new(3, 2),
        adjusted: Counts::new(3, 2),
        on_time: Counts::new(2, 1),
    };
    assert_eq!(sums, expected);
    assert_eq!(Ledger::new(Vec::new()).exclusion(series, Minute(5)), None);
    assert_eq!(Ledger::default().adjust(series, &[]), Adjusted::default());
}

#[test]
fn the_end_is_not_excluded() {
    let ledger = Ledger::new(vec![entry(1, 10, 12)]);
    let key = key();
    let at = |minute| {
        ledger
            .exclusion(SeriesRef { app: APP, key: &key }, Minute(minute))
            .is_some()
    };
    assert_eq!([at(9), at(10), at(11), at(12)], [false, true, true, false]);
}

#[test]
fn each_field_narrows_an_entry_down() {
    let excluded = |change: fn(&mut LedgerEntry)| {
        let mut entry = entry(1, 0, 1);
        change(&mut entry);
        let key = key();
        Ledger::new(vec![entry])
            .exclusion(SeriesRef { app: APP, key: &key }, Minute(0))
            .is_some()
    };
    assert!(excluded(|e| e.app = None));
    assert!(!excluded(|e| e.app = Some(OTHER_APP)));
    assert!(excluded(|e| e.sli = Some(Sli::Availability)));
    assert!(!excluded(|e| e.sli = Some(Sli::IframeLoad)));
    assert!(excluded(|e| e.product = Some(Product::None)));
    assert!(!excluded(|e| e.product = Some(Product::Jira)));
    assert!(excluded(|e| e.target = Some("https://a.example".into())));
    assert!(!excluded(|e| e.target = Some("https://b.example".into())));
    assert!(!excluded(|e| e.target = Some(String::new())));
    assert!(!excluded(|e| e.revoked = true));
    assert!(!excluded(|e| e.range = range(1, 0)));
}

#[test]
fn the_kind_decides_who_is_named_then_the_start_then_the_id() {
    let of_kind = |id, start, end, kind| LedgerEntry {
        kind,
        ..entry(id, start, end)
    };
    let mut entries = vec![
        of_kind(1, 0, 20, ExclusionKind::Waiver),
        of_kind(2, 5, 10, ExclusionKind::PlannedDowntime),
        of_kind(3, 7, 8, ExclusionKind::PlatformFault),
        LedgerEntry {
            app: None,
            ..of_kind(4, 9, 12, ExclusionKind::DataGap)
        },
        of_kind(6, 15, 17, ExclusionKind::DataGap),
        of_kind(5, 15, 16, ExclusionKind::DataGap),
        of_kind(7, 14, 16, ExclusionKind::DataGap),
    ];
    let expected = [
        (0, 5, 1),
        (5, 7, 2),
        (7, 8, 3),
        (8, 9, 2),
        (9, 12, 4),
        (12, 14, 1),
        (14, 16, 7),
        (16, 17, 6),
        (17, 20, 1),
    ];
    assert_eq!(named(&Ledger::new(entries.clone())), expected);
    entries.reverse();
    assert_eq!(named(&Ledger::new(entries)), expected);
}

#[test]
fn an_entry_that_is_only_touched_stays_one_range() {
    // The lower-ranking entry starts and ends inside: nothing of it is seen, and nothing is cut in two.
    assert_eq!(named(&Ledger::new(vec![entry(1, 0, 10), entry(2, 3, 5)])), [(0, 10, 1)]);
    // Ranges of different entries stay apart although they touch.
    assert_eq!(
        named(&Ledger::new(vec![entry(1, 0, 5), entry(2, 5, 9)])),
        [(0, 5, 1), (5, 9, 2)]
    );
    // Open ends are cut to what was asked for.
    assert_eq!(named(&Ledger::new(vec![entry(1, i64::MIN, i64::MAX)])), [(0, 30, 1)]);
}

#[test]
fn thousands_of_entries_over_28_days() {
    let mut entries: Vec<_> = (0..4_000)
        .map(|i| entry(u128::from(i as u64), i * 10, i * 10 + 3))
        .collect();
    entries.push(LedgerEntry {
        sli: Some(Sli::Synthetic),
        ..entry(9_999, i64::MIN, i64::MAX)
    });
    let ledger = Ledger::new(entries);
    let minutes: Vec<_> = (0..40_320)
        .map(|m| MinuteCounts {
            minute: Minute(m),
            all: Counts::new(1, 0),
            late: Counts::default(),
        })
        .collect();
    let key = key();
    let sums = ledger.adjust(SeriesRef { app: APP, key: &key }, &minutes);
    assert_eq!((sums.raw.good, sums.adjusted.good), (40_320, 40_320 - 12_000));
}

fn any_entry() -> impl Strategy<Value = LedgerEntry> {
    (
        prop::option::of(prop::sample::select(vec![APP, OTHER_APP])),
        prop::option::of(prop::sample::select(vec![Sli::Availability, Sli::IframeLoad])),
        prop::option::weighted(0.2, prop::sample::select(vec!["https://a.example", ""])),
        (0_i64..60, -2_i64..25),
        prop::sample::select(ExclusionKind::ALL),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(app, sli, target, (start, length), kind, revoked)| LedgerEntry {
            app,
            sli,
            target: target.map(str::to_owned),
            kind,
            revoked,
            ..entry(0, start, start + length)
        })
}

/// Each with an id of its own: two entries never share one.
fn any_entries() -> impl Strategy<Value = Vec<LedgerEntry>> {
    prop::collection::vec(any_entry(), 0..25).prop_map(|mut entries| {
        for (i, entry) in entries.iter_mut().enumerate() {
            // Backwards, so that the order of filing is not the order of the list.
            entry.id = Uuid::from_u128(1_000 - i as u128);
        }
        entries
    })
}

fn any_minutes() -> impl Strategy<Value = Vec<MinuteCounts>> {
    prop::collection::vec((0_i64..80, 0_u64..9, 0_u64..9, 0_u64..3, 0_u64..3), 0..60).prop_map(|minutes| {
        let counts = |(minute, good, bad, late_good, late_bad): (i64, u64, u64, u64, u64)| MinuteCounts {
            minute: Minute(minute),
            all: Counts::new(good + late_good, bad + late_bad),
            late: Counts::new(late_good, late_bad),
        };
        minutes.into_iter().map(counts).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn exclusion_is_the_first_of_all_that_cover(entries in any_entries(), minute in -2_i64..90) {
        let key = key();
        let minute = Minute(minute);
        let covers = |e: &&LedgerEntry| {
            !e.revoked
                && e.range.contains(minute)
                && (e.app.is_none() || e.app == Some(APP))
                && (e.sli.is_none() || e.sli == Some(key.sli))
                && (e.target.is_none() || e.target.as_deref() == Some(key.target.as_str()))
        };
        let kinds =
            [ExclusionKind::DataGap, ExclusionKind::PlatformFault, ExclusionKind::PlannedDowntime, ExclusionKind::Waiver];
        let rank = |e: &&LedgerEntry| (kinds.iter().position(|k| *k == e.kind), e.range.start, e.id);
        let expected = entries.iter().filter(covers).min_by_key(rank);
        let ledger = Ledger::new(entries.clone());
        prop_assert_eq!(ledger.exclusion(SeriesRef { app: APP, key: &key }, minute), expected);
    }

    #[test]
    fn ranges_say_of_each_minute_what_exclusion_says(entries in any_entries(), start in 0_i64..60, length in 0_i64..40) {
        let key = key();
        let series = SeriesRef { app: APP, key: &key };
        let asked = range(start, start + length);
        let ledger = Ledger::new(entries);
        let found = ledger.excluded_ranges(series, asked);
        for pair in found.windows(2) {
            let touching = pair[0].range.end == pair[1].range.start;
            prop_assert!(pair[0].range.end <= pair[1].range.start);
            prop_assert!(!touching || pair[0].entry.id != pair[1].entry.id, "should be one range");
        }
        prop_assert!(found.iter().all(|e| asked.intersect(e.range) == Some(e.range)));
        for minute in asked.iter() {
            let by_range = found.iter().find(|e| e.range.contains(minute)).map(|e| e.entry);
            prop_assert_eq!(by_range, ledger.exclusion(series, minute));
        }
    }

    #[test]
    fn adjusting_is_leaving_out_excluded_minutes(entries in any_entries(), minutes in any_minutes()) {
        let key = key();
        let series = SeriesRef { app: APP, key: &key };
        let ledger = Ledger::new(entries);
        let kept = || minutes.iter().filter(|m| ledger.exclusion(series, m.minute).is_none());
        let expected = Adjusted {
            raw: minutes.iter().map(|m| m.all).sum(),
            adjusted: kept().map(|m| m.all).sum(),
            on_time: kept().map(MinuteCounts::on_time).sum(),
        };
        prop_assert_eq!(ledger.adjust(series, &minutes), expected);
    }
}
