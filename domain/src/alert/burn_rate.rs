use serde::{Deserialize, Serialize};

use crate::count::{Counts, Minute, MinuteRange};
use crate::policy::{COUNTING_MINIMUM, SliPolicy};
use crate::slo;

/// A pair of windows that both have to burn faster than `hundredths` / 100 times the rate at which the error budget lasts
/// exactly 28 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    long_minutes: u32,
    short_minutes: u32,
    hundredths: u64,
}

/// The multi-window pairs of the Google SRE workbook, for 28 days (SPEC section 2): 2 % of the budget within 1 h, 5 % within
/// 6 h.
const PAIRS: [Pair; 2] = [
    Pair {
        long_minutes: 60,
        short_minutes: 5,
        hundredths: 1_344,
    },
    Pair {
        long_minutes: 6 * 60,
        short_minutes: 30,
        hundredths: 560,
    },
];

/// Minutes for which no short window may burn too fast before an alert ends.
const QUIET_FOR: i64 = 15;

/// A burn-rate alert that has started and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnRateAlert {
    /// The tick that started it.
    pub started_at: Minute,
    /// The last tick at which a short window burnt too fast.
    pub last_fast: Minute,
}

/// What one evaluation changes of the burn-rate alert of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BurnRateStep {
    /// There is no alert, and none starts.
    Nothing,
    /// An alert starts; its mail is due.
    Started(BurnRateAlert),
    /// The alert goes on.
    GoesOn(BurnRateAlert),
    /// The alert ends at this tick; its mail is due.
    Ended(BurnRateAlert),
}

/// All minutes that the evaluation of burn rates at `tick` looks at.
pub fn burn_rate_window(tick: Minute, policy: &SliPolicy) -> MinuteRange {
    let longest = PAIRS.iter().map(|pair| pair.long_minutes).max().unwrap_or_default();
    slo::window(tick, policy.settle_minutes, longest)
}

/// How many times faster than over 28 days the error budget is spent: in hundredths, rounded down; `None` without events
/// or where the objective leaves no budget.
pub fn burn_rate_hundredths(counts: Counts, policy: &SliPolicy) -> Option<u64> {
    let allowed = u128::from(counts.total()) * u128::from(policy.slo.complement().0);
    let spent = u128::from(counts.bad) * 100 * 1_000_000;
    u64::try_from(spent.checked_div(allowed)?).ok()
}

/// One evaluation of the burn-rate alert of a series (SPEC section 2). `counts` says what is not excluded of a range within
/// [`burn_rate_window`], without late events: what is long past warns nobody.
///
/// - It starts when one of the pairs burns too fast in both of its windows: 13.44 times over 1 h and over 5 min, or 5.6 times
///   over 6 h and over 30 min; with at least max(2, the policy's `min_bad`) bad events in the long one. One failed probe of
///   an otherwise quiet series is a burn rate of 16 in its hour, and no reason to wake anybody.
/// - It ends when for 15 min no pair burnt too fast in its short window. A window without events burns nothing.
///
/// Ticks come in ascending order and may be missing.
pub fn burn_rate_step(
    policy: &SliPolicy,
    alert: Option<BurnRateAlert>,
    tick: Minute,
    counts: impl Fn(MinuteRange) -> Counts,
) -> BurnRateStep {
    let sum = |length: u32| counts(slo::window(tick, policy.settle_minutes, length));
    let short_is_fast = PAIRS.map(|pair| pair.is_exceeded(sum(pair.short_minutes), policy));
    match alert {
        None => {
            let starts = PAIRS.iter().zip(short_is_fast).any(|(pair, short_is_fast)| {
                let long = sum(pair.long_minutes);
                short_is_fast
                    && pair.is_exceeded(long, policy)
                    && long.bad >= policy.alert.min_bad.max(COUNTING_MINIMUM)
            });
            match starts {
                true => BurnRateStep::Started(BurnRateAlert {
                    started_at: tick,
                    last_fast: tick,
                }),
                false => BurnRateStep::Nothing,
            }
        }
        Some(mut alert) => {
            if short_is_fast.contains(&true) {
                alert.last_fast = tick;
            }
            match tick - alert.last_fast >= QUIET_FOR {
                true => BurnRateStep::Ended(alert),
                false => BurnRateStep::GoesOn(alert),
            }
        }
    }
}

impl Pair {
    /// Whether these counts burn faster than the pair allows: bad / total > rate × (1 − SLO), in whole numbers.
    fn is_exceeded(self, counts: Counts, policy: &SliPolicy) -> bool {
        let spent = u128::from(counts.bad) * 100 * 1_000_000;
        let allowed = u128::from(counts.total()) * u128::from(policy.slo.complement().0) * u128::from(self.hundredths);
        counts.bad > 0 && spent > allowed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::MeasurementPolicy;

    /// The evaluation of a series that had these counts in the minutes from 0 on.
    fn step(minutes: &[Counts], alert: Option<BurnRateAlert>, tick: i64) -> BurnRateStep {
        let counts = |range: MinuteRange| range.iter().map(|m| minutes[m.0 as usize]).sum();
        burn_rate_step(&availability(), alert, Minute(tick), counts)
    }

    fn probes(bad: impl Fn(i64) -> bool) -> Vec<Counts> {
        let probe = |m| if bad(m) { Counts::new(0, 1) } else { Counts::new(1, 0) };
        (0..1_000).map(probe).collect()
    }

    fn availability() -> SliPolicy {
        MeasurementPolicy::standard().slis.availability
    }

    /// The first tick at which an alert starts for probes that fail in these minutes, of 1,000.
    fn starts(bad: impl Fn(i64) -> bool) -> Option<i64> {
        let minutes = probes(bad);
        (361..1_000).find(|tick| matches!(step(&minutes, None, *tick), BurnRateStep::Started(_)))
    }

    #[test]
    fn the_rates_are_those_of_the_workbook_for_28_days() {
        // 2 % of 28 days' budget in an hour, 5 % in six.
        let share = |pair: Pair| pair.hundredths * u64::from(pair.long_minutes) * 100 / (28 * 24 * 60);
        assert_eq!(PAIRS.map(share), [200, 500]);
        assert_eq!(burn_rate_hundredths(Counts::new(999, 1), &availability()), Some(100));
        assert_eq!(
            burn_rate_hundredths(Counts::new(98_656, 1_344), &availability()),
            Some(1_344)
        );
        assert_eq!(burn_rate_hundredths(Counts::default(), &availability()), None);
    }

    #[test]
    fn a_rate_that_is_reached_is_not_exceeded() {
        let [fast, _] = PAIRS;
        assert!(!fast.is_exceeded(Counts::new(98_656, 1_344), &availability()));
        assert!(fast.is_exceeded(Counts::new(98_655, 1_345), &availability()));
        assert!(!fast.is_exceeded(Counts::default(), &availability()));
    }

    #[test]
    fn one_failed_probe_wakes_nobody_and_two_do() {
        assert_eq!(starts(|m| m == 700), None);
        assert_eq!(
            starts(|m| m == 700 || m == 701),
            Some(703),
            "once the second has settled"
        );
    }

    #[test]
    fn both_windows_have_to_burn() {
        // Twenty minutes apart: each is alone in its five minutes, and both are within the hour.
        assert_eq!(starts(|m| m == 700 || m == 720), Some(722));
        // The second is not within an hour of the first, and two in six hours are 5.56 times.
        assert_eq!(starts(|m| m == 700 || m == 770), None);
        // Three are 8.33 times; the last half hour has one of them.
        assert_eq!(starts(|m| [600, 670, 740].contains(&m)), Some(742));
    }

    #[test]
    fn an_alert_ends_after_a_quiet_quarter_of_an_hour() {
        let minutes = probes(|m| (500..510).contains(&m));
        let mut alert = None;
        let mut seen = Vec::new();
        for tick in 361..900 {
            match step(&minutes, alert, tick) {
                BurnRateStep::Nothing => {}
                BurnRateStep::GoesOn(state) => alert = Some(state),
                BurnRateStep::Started(state) => {
                    seen.push(("started", tick));
                    alert = Some(state);
                }
                BurnRateStep::Ended(_) => {
                    seen.push(("ended", tick));
                    alert = None;
                }
            }
        }
        // The last bad minute is within the short window of half an hour up to tick 540.
        assert_eq!(seen, [("started", 503), ("ended", 555)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn an_alert_lasts_as_long_as_it_burns_and_a_quarter_of_an_hour(bad in prop::collection::vec(0_u64..3, 420)) {
            let minutes: Vec<_> = bad.iter().map(|bad| Counts::new(40, bad / 2)).collect();
            let mut alert: Option<BurnRateAlert> = None;
            for tick in 361..420 {
                let before = alert;
                let step = step(&minutes, alert, tick);
                alert = match step {
                    BurnRateStep::Started(alert) | BurnRateStep::GoesOn(alert) => Some(alert),
                    BurnRateStep::Nothing | BurnRateStep::Ended(_) => None,
                };
                match (before, step) {
                    (None, BurnRateStep::Nothing | BurnRateStep::Started(_)) => {}
                    (Some(_), BurnRateStep::GoesOn(after)) => prop_assert!(tick - after.last_fast.0 < QUIET_FOR),
                    (Some(before), BurnRateStep::Ended(_)) => prop_assert!(tick - before.last_fast.0 >= QUIET_FOR),
                    wrong => prop_assert!(false, "{wrong:?}"),
                }
            }
        }
    }
}
