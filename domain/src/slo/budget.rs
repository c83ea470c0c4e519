use crate::count::Counts;
use crate::policy::{COUNTING_MINIMUM, COUNTING_SHARE, Ppm};

/// Millionths of an event in an event. Budgets are kept in millionths of events: an objective in parts per million
/// allows a whole number of them, so nothing is rounded.
const MICRO: i128 = 1_000_000;

/// The error budget of a series over 28 days: allowed bad = (1 − SLO) × counted events (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bad events that the objective allows, in millionths of an event.
    pub allowed_micro: i128,
    /// Bad events that happened.
    pub bad: u64,
    /// Events, good and bad.
    pub counted: u64,
}

impl Budget {
    /// The budget that this objective leaves for these counts.
    pub fn of(slo: Ppm, counts: Counts) -> Self {
        let allowed_micro = i128::from(slo.complement().0) * (i128::from(counts.good) + i128::from(counts.bad));
        Self {
            allowed_micro,
            bad: counts.bad,
            counted: counts.total(),
        }
    }

    /// What is left of it, in millionths of an event; negative when overspent.
    pub fn remaining_micro(&self) -> i128 {
        self.allowed_micro - i128::from(self.bad) * MICRO
    }

    /// Whether more bad events happened than it allows; exactly when the rate is below the objective.
    pub fn is_overspent(&self) -> bool {
        self.remaining_micro() < 0
    }

    /// Bad events that the objective allows, for people.
    pub fn allowed_events(&self) -> f64 {
        self.allowed_micro as f64 / MICRO as f64
    }

    /// Bad events that are left, for people; negative when overspent.
    pub fn remaining_events(&self) -> f64 {
        self.remaining_micro() as f64 / MICRO as f64
    }

    /// Share of the budget that is left, for people: 1 when untouched, negative when overspent. `None` when there is
    /// nothing to have a share of: no counted event, or an objective of 100 %.
    pub fn remaining_share(&self) -> Option<f64> {
        (self.allowed_micro > 0).then(|| self.remaining_micro() as f64 / self.allowed_micro as f64)
    }
}

/// Whether so many bad events make an episode count: at least max(2, 5 % of the 28-day error budget) (SPEC section 2).
/// Exact: 5 % of a budget need not be whole events, and reaching it does not take rounding up.
pub fn counting_threshold_reached(slo: Ppm, counts_28d: Counts, bad: u64) -> bool {
    let budget = Budget::of(slo, counts_28d);
    let bad_micro = i128::from(bad) * MICRO;
    bad >= COUNTING_MINIMUM && bad_micro * i128::from(Ppm::ONE.0) >= budget.allowed_micro * i128::from(COUNTING_SHARE.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SLO: Ppm = Ppm(999_000);

    #[test]
    fn a_month_of_probes_allows_forty_minutes() {
        let budget = Budget::of(SLO, Counts::new(40_310, 10));
        assert_eq!(budget.allowed_micro, 40_320_000);
        assert_eq!(budget.allowed_events(), 40.32);
        assert_eq!(budget.remaining_events(), 30.32);
        assert!(!budget.is_overspent());
        assert!(Budget::of(SLO, Counts::new(40_279, 41)).is_overspent());
    }

    #[test]
    fn untouched_spent_and_overspent() {
        assert_eq!(Budget::of(SLO, Counts::new(1_000, 0)).remaining_share(), Some(1.0));
        assert_eq!(Budget::of(SLO, Counts::new(999, 1)).remaining_share(), Some(0.0));
        assert_eq!(Budget::of(SLO, Counts::new(998, 2)).remaining_share(), Some(-1.0));
    }

    #[test]
    fn no_share_of_nothing() {
        assert_eq!(Budget::of(SLO, Counts::default()).remaining_share(), None);
        let perfection = Budget::of(Ppm::ONE, Counts::new(9, 1));
        assert_eq!(perfection.remaining_share(), None);
        assert!(perfection.is_overspent());
    }

    #[test]
    fn an_episode_counts_from_two_bad_events() {
        assert!(!counting_threshold_reached(SLO, Counts::default(), 1));
        assert!(counting_threshold_reached(SLO, Counts::default(), 2));
        // 5 % of 40 events are exactly 2, 5 % of 40.32 a little more.
        assert!(counting_threshold_reached(SLO, Counts::new(40_000, 0), 2));
        assert!(!counting_threshold_reached(SLO, Counts::new(40_318, 2), 2));
        assert!(counting_threshold_reached(SLO, Counts::new(40_317, 3), 3));
    }

    #[test]
    fn the_largest_counts_do_not_overflow() {
        let most = Counts::new(u64::MAX, u64::MAX);
        assert!(Budget::of(Ppm(0), most).remaining_micro() > 0);
        assert!(counting_threshold_reached(Ppm(0), most, u64::MAX));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn overspent_exactly_when_below_the_objective(good in 0_u64..2_000, bad in 0_u64..20, slo in 990_000_u32..=1_000_000) {
            let counts = Counts::new(good, bad);
            let budget = Budget::of(Ppm(slo), counts);
            prop_assert_eq!(budget.is_overspent(), counts.below(Ppm(slo)));
            prop_assert_eq!(budget.remaining_events() < 0.0, budget.is_overspent());
            if let Some(share) = budget.remaining_share() {
                prop_assert_eq!(share < 0.0, budget.is_overspent());
                prop_assert!(share <= 1.0);
            }
        }

        #[test]
        fn more_bad_events_never_stop_counting(good in 0_u64..100_000, bad in 0_u64..100, slo in 900_000_u32..=1_000_000) {
            let counts = Counts::new(good, bad);
            if counting_threshold_reached(Ppm(slo), counts, bad) {
                prop_assert!(counting_threshold_reached(Ppm(slo), counts, bad + 1));
                prop_assert!(bad >= 2 && bad as f64 >= 0.05 * Budget::of(Ppm(slo), counts).allowed_events() - 1e-6);
            }
        }
    }
}
