use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::count::{Counts, Minute, MinuteRange};

/// Seconds between two rounds of probes to the canaries (SPEC section 2.1).
pub const ROUND_SECONDS: i64 = 10;

/// An own outage is taken to have begun so long before the first failed canary, and to have ended so long after the last
/// (SPEC section 2.1).
const MARGIN: TimeDelta = TimeDelta::seconds(60);

/// Ten seconds of probing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Numbered since 1970.
    pub number: i64,
    /// How the probes ended that were due in it, of all apps.
    pub probes: Counts,
    /// Canaries that were asked at its beginning.
    pub canaries: u64,
    /// Those of them that did not answer.
    pub canaries_failed: u64,
}

impl Round {
    /// The round in which an instant lies.
    pub fn of(at: DateTime<Utc>) -> i64 {
        at.timestamp().div_euclid(ROUND_SECONDS)
    }

    /// The instant at which a round begins.
    pub fn begin(number: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(number.saturating_mul(ROUND_SECONDS), 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Whether the portal could not reach the world: more than half of the canaries failed. One of several that has died
    /// says nothing, and must not hide what the others say.
    fn is_failed(&self) -> bool {
        2 * self.canaries_failed > self.canaries
    }
}

/// A time in which the portal itself could not reach the world, so that failed probes say nothing about apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnOutage {
    /// When the first canary failed.
    pub first_failed: DateTime<Utc>,
    /// When the last canary failed, as far as is known.
    pub last_failed: DateTime<Utc>,
    /// The rounds with failed canaries.
    pub rounds: u64,
    /// How the probes of those rounds ended.
    pub probes: Counts,
}

impl OwnOutage {
    /// The minutes that are a data gap for every app: from 60 s before the first failed canary to 60 s after the last,
    /// widened to whole minutes, since figures know no finer time (SPEC section 2.1).
    pub fn range(&self) -> MinuteRange {
        let end = self.last_failed + MARGIN;
        let begun = Minute::of(end);
        let end = if begun.start() < end { begun + 1 } else { begun };
        MinuteRange::new(Minute::of(self.first_failed - MARGIN), end)
    }
}

/// The own outages among these rounds, in order (SPEC section 2.1). Failed rounds whose margins touch are one outage; it is
/// one only when more than half of the probes that were due in its failed rounds failed too. Rounds come in order.
pub fn own_outages(rounds: &[Round]) -> Vec<OwnOutage> {
    let mut found: Vec<OwnOutage> = Vec::new();
    for round in rounds.iter().filter(|round| round.is_failed()) {
        let at = Round::begin(round.number);
        match found.last_mut().filter(|outage| at - outage.last_failed <= MARGIN * 2) {
            Some(outage) => {
                outage.last_failed = at;
                outage.rounds += 1;
                outage.probes += round.probes;
            }
            None => found.push(OwnOutage {
                first_failed: at,
                last_failed: at,
                rounds: 1,
                probes: round.probes,
            }),
        }
    }
    found.retain(|outage| outage.probes.bad > outage.probes.good);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(number: i64, canaries_failed: u64, good: u64, bad: u64) -> Round {
        Round {
            number,
            probes: Counts::new(good, bad),
            canaries: 2,
            canaries_failed,
        }
    }

    fn minutes(outage: &OwnOutage) -> (i64, i64) {
        (outage.range().start.0, outage.range().end.0)
    }

    #[test]
    fn the_gap_has_a_minute_of_margin_on_both_sides() {
        // Canaries fail at 20:00:00, :10 and :20 (minute 1,200): from 19:59:00 to 20:01:20, in whole minutes.
        let outages = own_outages(&[round(7_200, 2, 0, 5), round(7_201, 2, 1, 6), round(7_202, 2, 0, 4)]);
        assert_eq!(outages.len(), 1);
        assert_eq!(minutes(&outages[0]), (1_199, 1_202));
        assert_eq!((outages[0].rounds, outages[0].probes), (3, Counts::new(1, 15)));
        // At 20:00:00 alone the margin ends with a whole minute.
        assert_eq!(minutes(&own_outages(&[round(7_200, 2, 0, 1)])[0]), (1_199, 1_201));
        // At 20:00:50 the minute before is touched.
        assert_eq!(minutes(&own_outages(&[round(7_205, 2, 0, 1)])[0]), (1_199, 1_202));
    }

    #[test]
    fn apps_that_answer_are_no_outage_of_ours() {
        assert!(own_outages(&[round(0, 2, 5, 5)]).is_empty(), "not more than half");
        assert!(own_outages(&[round(0, 2, 0, 0)]).is_empty(), "no probe");
        assert_eq!(own_outages(&[round(0, 2, 5, 6)]).len(), 1);
    }

    #[test]
    fn a_dead_canary_among_several_says_nothing() {
        assert!(own_outages(&[round(0, 1, 0, 9)]).is_empty());
        let one = Round {
            canaries: 1,
            ..round(0, 1, 0, 9)
        };
        let two_of_three = Round {
            canaries: 3,
            ..round(0, 2, 0, 9)
        };
        assert!(own_outages(&[one]).len() == 1 && own_outages(&[two_of_three]).len() == 1);
    }

    #[test]
    fn outages_whose_margins_touch_are_one() {
        let apart = |rounds| own_outages(&[round(0, 2, 0, 3), round(rounds, 2, 0, 3)]).len();
        assert_eq!((apart(12), apart(13)), (1, 2));
    }

    #[test]
    fn good_probes_of_one_outage_do_not_hide_another() {
        let outages = own_outages(&[round(0, 2, 9, 1), round(100, 2, 0, 9)]);
        assert_eq!(outages.len(), 1);
        assert_eq!(outages[0].first_failed, Round::begin(100));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_failed_canary_of_an_outage_lies_well_within_its_gap(numbers in prop::collection::btree_set(0_i64..400, 1..40)) {
            let rounds: Vec<Round> = numbers.iter().map(|n| round(*n, 2, 0, 1)).collect();
            let outages = own_outages(&rounds);
            for number in numbers {
                let at = Round::begin(number);
                let covering = outages.iter().filter(|o| o.range().start.start() <= at - MARGIN && o.range().end.start() >= at + MARGIN);
                prop_assert_eq!(covering.count(), 1);
            }
            prop_assert!(outages.is_sorted_by(|a, b| a.last_failed + MARGIN * 2 < b.first_failed));
        }
    }
}
