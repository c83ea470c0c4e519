use std::collections::BTreeSet;

use crate::count::{Minute, MinuteCounts, MinuteRange};
use crate::id::PartnerId;

/// Minutes within which the synthetic tests of several partners start failing (SPEC section 2: "within an hour").
const WITHIN: i64 = 60;

/// How many partners they are at least (SPEC section 2).
const PARTNERS: usize = 3;

/// Minutes before its first failure in which a test has to have succeeded, so that it fails and is not just broken: 24 h.
const WORKED_WITHIN: i64 = 24 * 60;

/// Bad results that make a failing test: one alone may be chance.
const FAILURES: u64 = 2;

/// Minutes left to results on their way, as for the events of other SLIs.
const SETTLE: i64 = 5;

/// The minutes in which a synthetic test that starts failing, as seen at `tick`, has its first failure.
pub fn starting_range(tick: Minute) -> MinuteRange {
    let end = tick - SETTLE;
    MinuteRange::new(end - WITHIN, end)
}

/// The minutes that [`starts_failing`] looks at.
pub fn synthetic_range(tick: Minute) -> MinuteRange {
    let starting = starting_range(tick);
    MinuteRange::new(starting.start - WORKED_WITHIN, starting.end)
}

/// Whether the synthetic tests of a series start failing, as seen at `tick` (SPEC section 2). `results` are its minutes within
/// [`synthetic_range`], in order. They do when
///
/// - the first bad result after the last good one is at most an hour old;
/// - there are at least two bad results since then;
/// - and there was a good one in the 24 h before it.
///
/// A minute with a good result is a good one, whatever else is in it: of several tests in one minute nothing says which came
/// last.
pub fn starts_failing(tick: Minute, results: &[MinuteCounts]) -> bool {
    let last_good = results.iter().rposition(|m| m.all.good > 0);
    let Some(last_good) = last_good else { return false };
    let mut failures = results[last_good + 1..].iter().filter(|m| m.all.bad > 0).peekable();
    failures.peek().is_some_and(|first| {
        starting_range(tick).contains(first.minute) && first.minute - results[last_good].minute <= WORKED_WITHIN
    }) && failures.map(|m| m.all.bad).sum::<u64>() >= FAILURES
}

/// Partners whose synthetic tests on one product started failing together: who was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingTogether {
    /// The last tick at which there were enough of them.
    pub last_seen: Minute,
    /// The partners that were told.
    pub told: BTreeSet<PartnerId>,
}

/// What an evaluation changes of what happens on one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// What is known of it now.
    pub state: FailingTogether,
    /// Whether it begins here, so that staff are told.
    pub begins: bool,
    /// The partners to tell now.
    pub tell: BTreeSet<PartnerId>,
}

/// What becomes of one product at `tick`, where the synthetic tests of the partners in `failing` start failing ([`starts_failing`]);
/// `None` when nothing does. With three of them it begins, and they and staff are told, once: it is the same until for an
/// hour there were no three. Partners that join it are told when they do.
pub fn failing_together(
    before: Option<&FailingTogether>,
    tick: Minute,
    failing: &BTreeSet<PartnerId>,
) -> Option<Together> {
    if failing.len() < PARTNERS {
        return None;
    }
    let known = before.filter(|before| tick - before.last_seen <= WITHIN);
    let told = known.map(|known| known.told.clone()).unwrap_or_default();
    Some(Together {
        begins: known.is_none(),
        tell: failing.difference(&told).copied().collect(),
        state: FailingTogether {
            last_seen: tick,
            told: told.union(failing).copied().collect(),
        },
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::count::Counts;

    fn results(minutes: &[(i64, u64, u64)]) -> Vec<MinuteCounts> {
        let minute = |(minute, good, bad): &(i64, u64, u64)| MinuteCounts {
            minute: Minute(*minute),
            all: Counts::new(*good, *bad),
            late: Counts::default(),
        };
        minutes.iter().map(minute).collect()
    }

    fn starts(tick: i64, minutes: &[(i64, u64, u64)]) -> bool {
        starts_failing(Minute(tick), &results(minutes))
    }

    #[test]
    fn two_failures_after_a_success_are_a_start() {
        assert!(starts(10_025, &[(10_000, 1, 0), (10_010, 0, 1), (10_015, 0, 1)]));
        assert!(starts(10_025, &[(10_000, 1, 0), (10_010, 0, 2)]));
        assert!(!starts(10_025, &[(10_000, 1, 0), (10_010, 0, 1)]), "one may be chance");
        assert!(
            !starts(
                10_025,
                &[(10_000, 1, 0), (10_010, 0, 1), (10_012, 1, 0), (10_015, 0, 1)]
            ),
            "it worked in between"
        );
        assert!(
            !starts(10_025, &[(10_000, 1, 0), (10_010, 0, 3), (10_015, 1, 0)]),
            "it works again"
        );
        assert!(!starts(10_025, &[(10_010, 1, 7)]), "nothing says which came last");
    }

    #[test]
    fn what_never_worked_or_failed_long_ago_does_not_start_failing() {
        assert!(!starts(10_025, &[(10_010, 0, 5)]));
        assert!(!starts(10_025, &[]));
        let failing = [(9_900, 1, 0), (10_010, 0, 1), (10_015, 0, 1)];
        assert!(starts(10_075, &failing));
        assert!(!starts(10_076, &failing), "more than an hour ago");
        let worked = |at| starts(10_025, &[(at, 1, 0), (10_010, 0, 2)]);
        assert!(worked(10_010 - WORKED_WITHIN) && !worked(10_009 - WORKED_WITHIN));
    }

    fn partners(which: &[u128]) -> BTreeSet<PartnerId> {
        which.iter().map(|n| PartnerId(Uuid::from_u128(*n))).collect()
    }

    #[test]
    fn three_partners_are_told_once_and_others_when_they_join() {
        let at = |before: Option<&FailingTogether>, tick, which: &[u128]| {
            failing_together(before, Minute(tick), &partners(which))
        };
        assert_eq!(at(None, 100, &[1, 2]), None);
        let first = at(None, 100, &[1, 2, 3]).unwrap();
        assert!(first.begins && first.tell == partners(&[1, 2, 3]));
        let second = at(Some(&first.state), 101, &[1, 2, 3]).unwrap();
        assert!(!second.begins && second.tell.is_empty());
        let joined = at(Some(&second.state), 150, &[2, 3, 4]).unwrap();
        assert!(!joined.begins && joined.tell == partners(&[4]));
        let same = at(Some(&joined.state), 150 + 60, &[1, 2, 3, 4]).unwrap();
        assert!(!same.begins && same.tell.is_empty());
        let another = at(Some(&joined.state), 150 + 61, &[1, 2, 3]).unwrap();
        assert!(another.begins && another.tell == partners(&[1, 2, 3]));
    }
}
