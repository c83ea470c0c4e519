use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use super::{Histogram, Minute};
use crate::policy::Ppm;

/// Counted events: good and bad. Excluded ones are in neither (SPEC section 2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counts {
    /// Good events.
    pub good: u64,
    /// Bad events.
    pub bad: u64,
}

impl Counts {
    /// This many good and bad events.
    pub const fn new(good: u64, bad: u64) -> Self {
        Self { good, bad }
    }

    /// Good and bad together.
    pub const fn total(self) -> u64 {
        self.good.saturating_add(self.bad)
    }

    /// Whether there is a counted event at all; without one there is no rate, neither a good nor a bad one
    /// (SPEC section 2: "No data is `unknown`").
    pub const fn is_defined(self) -> bool {
        self.good > 0 || self.bad > 0
    }

    /// Whether the rate of good events is below `threshold`, exactly. A rate equal to it is not below, and without
    /// events nothing is.
    pub fn below(self, threshold: Ppm) -> bool {
        let whole = u128::from(Ppm::ONE.0);
        u128::from(self.good) * whole < u128::from(threshold.0) * self.exact_total()
    }

    /// Whether the rate of good events is lower than that of `other`, exactly. Undefined counts are never worse, and
    /// nothing is worse than they.
    pub fn worse_than(self, other: Self) -> bool {
        // Good against bad orders as good against total does, and the products fit.
        u128::from(self.good) * u128::from(other.bad) < u128::from(other.good) * u128::from(self.bad)
    }

    /// Rate of good events in percent, for people; `None` without events.
    pub fn percent(self) -> Option<f64> {
        self.is_defined()
            .then(|| self.good as f64 / self.exact_total() as f64 * 100.0)
    }

    /// Without saturation, so that comparisons hold for any counts.
    fn exact_total(self) -> u128 {
        u128::from(self.good) + u128::from(self.bad)
    }
}

/// Sums stop at the largest number instead of wrapping.
impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            good: self.good.saturating_add(other.good),
            bad: self.bad.saturating_add(other.bad),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), Add::add)
    }
}

/// The counts of one minute of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinuteCounts {
    /// The minute in which the events happened.
    pub minute: Minute,
    /// All events of the minute, whenever they arrived.
    pub all: Counts,
    /// The part of `all` that arrived after the first evaluation that was due to see the minute
    /// (see [`slo::first_tick`](crate::slo::first_tick)). It may keep an open episode open, and never opens one
    /// (SPEC section 2).
    pub late: Counts,
}

/// Events that their sender itself marked as not the app's, by reason; they are in neither good nor bad (SPEC section 2.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// The platform failed.
    pub platform_fault: u64,
    /// A site that the partner listed for exclusion.
    pub excluded_site: u64,
    /// The platform's scanner.
    pub scanner: u64,
}

impl Marked {
    /// All of them.
    pub const fn total(self) -> u64 {
        self.platform_fault
            .saturating_add(self.excluded_site)
            .saturating_add(self.scanner)
    }
}

impl AddAssign for Marked {
    fn add_assign(&mut self, other: Self) {
        self.platform_fault = self.platform_fault.saturating_add(other.platform_fault);
        self.excluded_site = self.excluded_site.saturating_add(other.excluded_site);
        self.scanner = self.scanner.saturating_add(other.scanner);
    }
}

/// Everything that is kept of one minute of a series for 100 days (SPEC section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinuteRecord {
    /// The minute in which the events happened.
    pub minute: Minute,
    /// All events of the minute, whenever they arrived.
    pub all: Counts,
    /// The part of `all` that came too late to open an episode; see [`MinuteCounts::late`].
    pub late: Counts,
    /// Events that were marked, in neither of the two.
    pub marked: Marked,
    /// Latencies of the events that have one.
    pub latency: Histogram,
}

impl MinuteRecord {
    /// A minute without any event.
    pub fn new(minute: Minute) -> Self {
        Self {
            minute,
            all: Counts::default(),
            late: Counts::default(),
            marked: Marked::default(),
            latency: Histogram::default(),
        }
    }

    /// Adds what else happened in the same minute.
    pub fn merge(&mut self, other: &Self) {
        self.all += other.all;
        self.late += other.late;
        self.marked += other.marked;
        self.latency.merge(&other.latency);
    }

    /// The part that rules look at.
    pub fn counts(&self) -> MinuteCounts {
        MinuteCounts {
            minute: self.minute,
            all: self.all,
            late: self.late,
        }
    }

    /// Whether the same number of events of each kind happened in both.
    pub(super) fn same_counts(&self, other: &Self) -> bool {
        (self.all, self.late, self.marked) == (other.all, other.late, other.marked)
    }
}

impl MinuteCounts {
    /// The part of the events that was there in time to open an episode.
    pub fn on_time(&self) -> Counts {
        Counts {
            good: self.all.good.saturating_sub(self.late.good),
            bad: self.all.bad.saturating_sub(self.late.bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_to_the_threshold_is_not_below() {
        assert!(!Counts::new(999, 1).below(Ppm(999_000)));
        assert!(Counts::new(998, 1).below(Ppm(999_000)));
        assert!(!Counts::new(19, 1).below(Ppm(950_000)));
        assert!(Counts::new(189, 10).below(Ppm(950_000)));
    }

    #[test]
    fn without_events_there_is_no_rate() {
        let none = Counts::default();
        assert!(!none.is_defined());
        assert!(!none.below(Ppm::ONE));
        assert_eq!(none.percent(), None);
        assert!(!none.worse_than(Counts::new(1, 0)) && !Counts::new(0, 1).worse_than(none));
    }

    #[test]
    fn the_largest_counts_compare_exactly() {
        let (half, less) = (Counts::new(u64::MAX, u64::MAX), Counts::new(u64::MAX - 1, u64::MAX));
        assert!(half.is_defined() && !half.below(Ppm(500_000)));
        assert!(less.below(Ppm(500_000)) && less.worse_than(half) && !half.worse_than(less));
        assert_eq!((half + half).total(), u64::MAX);
    }

    #[test]
    fn on_time_is_what_was_not_late() {
        let minute = MinuteCounts {
            minute: Minute(0),
            all: Counts::new(5, 3),
            late: Counts::new(1, 3),
        };
        assert_eq!(minute.on_time(), Counts::new(4, 0));
    }

    #[test]
    fn percent_for_people() {
        assert_eq!(Counts::new(3, 1).percent(), Some(75.0));
        assert_eq!(Counts::new(0, 1).percent(), Some(0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn comparisons_agree_with_fractions(a in 0_u64..50, b in 0_u64..50, c in 0_u64..50, d in 0_u64..50) {
            let (left, right) = (Counts::new(a, b), Counts::new(c, d));
            if let (Some(l), Some(r)) = (left.percent(), right.percent()) {
                // Different fractions of such small numbers differ by far more than a rounding error.
                prop_assert_eq!(left.worse_than(right), l < r - 1e-9);
            }
        }

        #[test]
        fn sums_add_up(parts in prop::collection::vec((0_u64..1_000, 0_u64..1_000), 0..20)) {
            let sum: Counts = parts.iter().map(|(good, bad)| Counts::new(*good, *bad)).sum();
            prop_assert_eq!(sum.good, parts.iter().map(|p| p.0).sum::<u64>());
            prop_assert_eq!(sum.bad, parts.iter().map(|p| p.1).sum::<u64>());
        }
    }
}
