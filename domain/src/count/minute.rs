use std::ops::{Add, AddAssign, Sub};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Minutes of a day; days are those of UTC.
pub const MINUTES_PER_DAY: i64 = 24 * 60;

/// A whole minute in UTC, as minutes since 1970-01-01T00:00Z. Rules and counts know no finer time (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Minute(pub i64);

impl Minute {
    /// The minute in which this instant lies.
    pub fn of(at: DateTime<Utc>) -> Self {
        Self(at.timestamp().div_euclid(60))
    }

    /// The first minute of a day, numbered since 1970.
    pub const fn of_day(day: i64) -> Self {
        Self(day.saturating_mul(MINUTES_PER_DAY))
    }

    /// The day in which the minute lies, numbered since 1970.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(MINUTES_PER_DAY)
    }

    /// The instant at which the minute starts; the nearest representable one for minutes beyond the calendar.
    pub fn start(self) -> DateTime<Utc> {
        let nearest = if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        };
        DateTime::from_timestamp(self.0.saturating_mul(60), 0).unwrap_or(nearest)
    }
}

/// Minutes later; stops at the last representable minute, because open-ended ranges use it as their end.
impl Add<i64> for Minute {
    type Output = Self;

    fn add(self, minutes: i64) -> Self {
        Self(self.0.saturating_add(minutes))
    }
}

impl AddAssign<i64> for Minute {
    fn add_assign(&mut self, minutes: i64) {
        *self = *self + minutes;
    }
}

/// Minutes earlier; stops at the first representable minute.
impl Sub<i64> for Minute {
    type Output = Self;

    fn sub(self, minutes: i64) -> Self {
        Self(self.0.saturating_sub(minutes))
    }
}

/// Minutes between two minutes; negative when the right one is later.
impl Sub for Minute {
    type Output = i64;

    fn sub(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Minutes from `start` up to, not including, `end`. A range whose end is not after its start is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MinuteRange {
    /// The first minute.
    pub start: Minute,
    /// The minute after the last.
    pub end: Minute,
}

impl MinuteRange {
    /// The minutes from `start` up to, not including, `end`.
    pub const fn new(start: Minute, end: Minute) -> Self {
        Self { start, end }
    }

    /// The range of this one minute.
    pub fn single(minute: Minute) -> Self {
        Self::new(minute, minute + 1)
    }

    /// The minutes of a day, numbered since 1970.
    pub const fn of_day(day: i64) -> Self {
        Self::new(Minute::of_day(day), Minute::of_day(day.saturating_add(1)))
    }

    /// How many minutes it has.
    pub fn len(self) -> u64 {
        u64::try_from(self.end - self.start).unwrap_or(0)
    }

    /// Whether it has no minute.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether the minute lies in it.
    pub fn contains(self, minute: Minute) -> bool {
        self.start <= minute && minute < self.end
    }

    /// Its minutes in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Minute> + Clone {
        (self.start.0..self.end.0).map(Minute)
    }

    /// The minutes in both; `None` when they share none.
    pub fn intersect(self, other: Self) -> Option<Self> {
        let shared = Self::new(self.start.max(other.start), self.end.min(other.end));
        (!shared.is_empty()).then_some(shared)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn an_instant_belongs_to_the_minute_it_lies_in() {
        assert_eq!(Minute::of(at("1970-01-01T00:00:59.999999Z")), Minute(0));
        assert_eq!(Minute::of(at("1970-01-01T00:01:00Z")), Minute(1));
        assert_eq!(Minute::of(at("1969-12-31T23:59:59.5Z")), Minute(-1));
        assert_eq!(Minute::of(at("1969-12-31T23:59:00Z")), Minute(-1));
        assert_eq!(Minute::of(at("1969-12-31T23:58:59.9Z")), Minute(-2));
        assert_eq!(Minute(29_000_000).start(), at("2025-02-19T21:20:00Z"));
    }

    #[test]
    fn extremes_neither_wrap_nor_panic() {
        assert_eq!(Minute(i64::MAX) + 1, Minute(i64::MAX));
        assert_eq!(Minute(i64::MIN) - 1, Minute(i64::MIN));
        assert_eq!(Minute(i64::MAX).start(), DateTime::<Utc>::MAX_UTC);
        assert_eq!(Minute(i64::MIN).start(), DateTime::<Utc>::MIN_UTC);
        assert_eq!(
            MinuteRange::new(Minute(i64::MIN), Minute(i64::MAX)).len(),
            i64::MAX as u64
        );
    }

    #[test]
    fn days_begin_at_midnight() {
        let range = MinuteRange::of_day(20_000);
        assert_eq!((range.start.start(), range.len()), (at("2024-10-04T00:00:00Z"), 1_440));
        assert_eq!(
            (range.start.day(), (range.end - 1).day(), range.end.day()),
            (20_000, 20_000, 20_001)
        );
        assert_eq!(Minute(-1).day(), -1);
    }

    #[test]
    fn ranges_are_half_open() {
        let range = MinuteRange::new(Minute(10), Minute(12));
        assert_eq!(range.len(), 2);
        assert!(range.contains(Minute(10)) && range.contains(Minute(11)));
        assert!(!range.contains(Minute(9)) && !range.contains(Minute(12)));
        assert_eq!(range.iter().collect::<Vec<_>>(), [Minute(10), Minute(11)]);
        assert_eq!(range.intersect(MinuteRange::new(Minute(12), Minute(20))), None);
        assert_eq!(
            range.intersect(MinuteRange::new(Minute(11), Minute(20))),
            Some(MinuteRange::single(Minute(11)))
        );
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_empty() {
        let range = MinuteRange::new(Minute(12), Minute(10));
        assert!(range.is_empty());
        assert_eq!((range.len(), range.iter().count()), (0, 0));
        assert_eq!(range.intersect(MinuteRange::new(Minute(0), Minute(100))), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn start_and_of_are_inverse(minute in -1_000_000_000_i64..1_000_000_000, second in 0_i64..60) {
            let minute = Minute(minute);
            prop_assert_eq!(Minute::of(minute.start() + chrono::TimeDelta::seconds(second)), minute);
        }

        #[test]
        fn intersect_is_what_both_contain(a in 0_i64..20, b in 0_i64..20, c in 0_i64..20, d in 0_i64..20) {
            let (left, right) = (MinuteRange::new(Minute(a), Minute(b)), MinuteRange::new(Minute(c), Minute(d)));
            let shared: Vec<_> = left.iter().filter(|m| right.contains(*m)).collect();
            let found = left.intersect(right).map(|r| r.iter().collect()).unwrap_or_else(Vec::new);
            prop_assert_eq!(found, shared);
        }
    }
}
