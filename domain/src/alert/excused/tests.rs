use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::exclusion::{ExclusionKind, LedgerEntry};
use crate::policy::MeasurementPolicy;
use crate::sli::{Group, Product, SeriesKey, Sli};

const APP: Uuid = Uuid::from_u128(1);

fn key() -> SeriesKey {
    SeriesKey {
        product: Product::Jira,
        sli: Sli::WebhookDelivery,
        group: Group::Prod,
        target: String::new(),
    }
}

fn policy() -> SliPolicy {
    MeasurementPolicy::standard().slis.webhook_delivery
}

fn entry(n: u128, from: i64, to: i64) -> LedgerEntry {
    LedgerEntry {
        id: Uuid::from_u128(n),
        app: Some(APP),
        sli: None,
        product: None,
        target: None,
        range: MinuteRange::new(Minute(from), Minute(to)),
        kind: ExclusionKind::Waiver,
        authority: String::new(),
        revoked: false,
    }
}

fn minute(at: i64, good: u64, bad: u64) -> MinuteCounts {
    MinuteCounts {
        minute: Minute(at),
        all: Counts::new(good, bad),
        late: Counts::default(),
    }
}

/// Opened at tick 120, whose window is 100..115, and counted then.
fn episode() -> OpenEpisode {
    let tick = Minute(120);
    OpenEpisode {
        opened_at: tick,
        window_start: alert_window(tick, &policy()).start,
        last_held: tick,
        last_defined: tick,
        last_mail: tick,
        last_value: Counts::default(),
        worst_value: Counts::default(),
        counted_at: Some(tick),
    }
}

fn assessed(episode: &OpenEpisode, minutes: &[MinuteCounts], entries: Vec<LedgerEntry>) -> Assessment {
    let key = key();
    let series = SeriesRef { app: APP, key: &key };
    // 5 % of the budget of 20,000 events at 99 % are 10 events.
    let month = Counts::new(20_000, 0);
    assess(
        &policy(),
        episode,
        Minute(150),
        series,
        minutes,
        month,
        &Ledger::new(entries),
    )
}

#[test]
fn what_remains_below_the_threshold_is_excused() {
    let minutes = [minute(105, 10, 12), minute(110, 10, 8)];
    let raw = assessed(&episode(), &minutes, Vec::new());
    assert_eq!(
        (raw.raw, raw.adjusted, raw.excused),
        (Counts::new(20, 20), Counts::new(20, 20), false)
    );
    let some = assessed(&episode(), &minutes, vec![entry(1, 105, 106)]);
    assert_eq!((some.adjusted, some.excused), (Counts::new(10, 8), true), "8 of 10");
    assert!(some.holds_adjusted);
    let little = assessed(&episode(), &minutes, vec![entry(1, 110, 111)]);
    assert_eq!((little.adjusted.bad, little.excused), (12, false), "12 of 10");
}

#[test]
fn an_episode_whose_condition_no_longer_holds_is_excused() {
    // Twelve bad events remain, which would count, but never more than four of them within a quarter of an hour.
    let mut minutes = vec![minute(104, 0, 30)];
    minutes.extend([110, 126, 142].map(|at| minute(at, 0, 4)));
    let left = assessed(&episode(), &minutes, vec![entry(1, 104, 105)]);
    assert_eq!(
        (left.adjusted.bad, left.holds_adjusted, left.excused),
        (12, false, true)
    );
    assert!(!assessed(&episode(), &minutes, Vec::new()).excused);
}

#[test]
fn what_the_ledger_does_not_touch_is_never_excused() {
    // Late good events have lifted the rate since, and the threshold is not reached.
    let minutes = [minute(105, 10_000, 1)];
    let touched_nothing = assessed(&episode(), &minutes, vec![entry(1, 106, 120)]);
    assert!(!touched_nothing.holds_adjusted && !touched_nothing.excused);
}

#[test]
fn a_blip_is_not_excused() {
    let blip = OpenEpisode {
        counted_at: None,
        ..episode()
    };
    assert!(!assessed(&blip, &[minute(105, 0, 20)], vec![entry(1, 0, 1_000)]).excused);
}

#[test]
fn minutes_outside_the_episode_are_not_its() {
    // The windows of its evaluations are 100..115 to 130..145.
    let minutes = [
        minute(99, 0, 1),
        minute(100, 0, 2),
        minute(144, 0, 4),
        minute(145, 0, 8),
    ];
    assert_eq!(assessed(&episode(), &minutes, Vec::new()).raw, Counts::new(0, 6));
}

fn any_minutes() -> impl Strategy<Value = Vec<MinuteCounts>> {
    prop::collection::btree_map(90_i64..160, (0_u64..30, 0_u64..8), 0..50).prop_map(|minutes| {
        minutes
            .into_iter()
            .map(|(at, (good, bad))| minute(at, good, bad))
            .collect()
    })
}

fn any_entries() -> impl Strategy<Value = Vec<LedgerEntry>> {
    prop::collection::vec((90_i64..160, 1_i64..30), 0..6).prop_map(|ranges| {
        let entries = ranges.into_iter().enumerate();
        entries
            .map(|(n, (from, length))| entry(n as u128, from, from + length))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The rule as SPEC section 5 says it, minute by minute and evaluation by evaluation.
    #[test]
    fn assessing_is_the_rule_spelled_out(minutes in any_minutes(), entries in any_entries()) {
        let found = assessed(&episode(), &minutes, entries.clone());
        let policy = policy();
        let remain = |m: &&MinuteCounts| !entries.iter().any(|e| e.range.contains(m.minute));
        let own = |m: &&MinuteCounts| (100..145).contains(&m.minute.0);
        let raw: Counts = minutes.iter().filter(own).map(|m| m.all).sum();
        let adjusted: Counts = minutes.iter().filter(own).filter(remain).map(|m| m.all).sum();
        let holds = (120..=150).any(|tick| {
            let window = (tick - 20)..(tick - 5);
            let counts: Counts = minutes.iter().filter(remain).filter(|m| window.contains(&m.minute.0)).map(|m| m.all).sum();
            WindowState::of(counts, &policy.alert) == WindowState::Holds
        });
        let excused = adjusted.bad < raw.bad && (adjusted.bad < 10 || !holds);
        prop_assert_eq!(found, Assessment { raw, adjusted, holds_adjusted: holds, excused });
    }

    #[test]
    fn revoking_everything_restores_the_episode(minutes in any_minutes(), entries in any_entries()) {
        let before = assessed(&episode(), &minutes, Vec::new());
        let revoked = entries.into_iter().map(|e| LedgerEntry { revoked: true, ..e }).collect();
        prop_assert_eq!(assessed(&episode(), &minutes, revoked), before);
        prop_assert!(!before.excused && before.raw == before.adjusted);
    }
}
