use uuid::Uuid;

use crate::count::{Minute, MinuteRange};
use crate::sli::{Product, Sli};

/// Minutes that have to be starved together (SPEC section 2.1: "for 15 min").
pub const STARVED_FOR: u32 = 15;

/// Days whose same hour is looked at (SPEC section 2.1: "7-day median").
pub const USUAL_DAYS: usize = 7;

/// The least usual volume at which a gap can be told, in events per hour: 100 in 15 min. Where so many are usual, chance
/// alone never leaves less than 10 of them; of a handful it often leaves none.
const USUAL_AT_LEAST: u64 = 400;

/// Below one part in so many of what is usual, minutes are starved (SPEC section 2.1: "below 10 %").
const STARVED_SHARE: u64 = 10;

const MINUTES_PER_HOUR: u64 = 60;

/// A time in which hardly any events of an SLI and product arrived, of all apps together: nothing reliable was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestGap {
    /// The SLI.
    pub sli: Sli,
    /// The product.
    pub product: Product,
    /// From the first starved minute to the first one that was not, as far as is known.
    pub range: MinuteRange,
}

impl IngestGap {
    /// Names the gap: the same one has the same id whenever it is looked at.
    pub fn id(&self) -> Uuid {
        let name = format!("{}/{}/{}", self.sli, self.product, self.range.start.0);
        let digest = <sha2::Sha256 as sha2::Digest>::digest(name.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// The hours (since 1970) whose volumes say what is usual in a window: for each of the hours that it touches, the same one
/// of the last seven days.
pub fn usual_hours(window: MinuteRange) -> Vec<[i64; USUAL_DAYS]> {
    let hour = |minute: Minute| minute.0.div_euclid(60);
    (hour(window.start)..=hour(window.end - 1))
        .map(|hour| std::array::from_fn(|days| hour - 24 * (days as i64 + 1)))
        .collect()
}

/// What is usual in an hour: the median of the same hour's volumes in the last seven days. A day without any is one with
/// none, so that nothing is usual before the fourth day.
pub fn usual_volume(mut same_hours: [u64; USUAL_DAYS]) -> u64 {
    same_hours.sort_unstable();
    same_hours[USUAL_DAYS / 2]
}

/// The ingest gap that a window shows (SPEC section 2.1), `None` when it shows none: fewer than 10 % of the usual events in
/// its 15 minutes, where at least 100 are usual. `usual` is the lower [`usual_volume`] of the hours that the window touches,
/// `events` the volume of a minute.
///
/// The gap goes from the first starved minute of the window to the first one after its last starved one; a minute is starved
/// with less than 10 % of its share of the usual hour. `before` is the latest gap; one that reaches the window is the same,
/// and goes on.
pub fn ingest_gap(
    before: Option<MinuteRange>,
    window: MinuteRange,
    usual: u64,
    events: impl Fn(Minute) -> u64,
) -> Option<MinuteRange> {
    let is_starved = |volume: u64, minutes: u64| {
        u128::from(volume) * u128::from(STARVED_SHARE * MINUTES_PER_HOUR) < u128::from(usual) * u128::from(minutes)
    };
    let volume: u64 = window.iter().map(&events).sum();
    if usual < USUAL_AT_LEAST || !is_starved(volume, window.len()) {
        return None;
    }
    let mut starved = window.iter().filter(|minute| is_starved(events(*minute), 1));
    let first = starved.next()?;
    let end = starved.next_back().unwrap_or(first) + 1;
    Some(
        match before.filter(|gap| gap.end >= window.start && gap.start <= first) {
            Some(gap) => MinuteRange::new(gap.start, gap.end.max(end)),
            None => MinuteRange::new(first, end),
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slo;

    /// The gaps that evaluations every minute find, where 600 events an hour are usual.
    fn gaps(events: &[u64]) -> Vec<MinuteRange> {
        let mut found: Vec<MinuteRange> = Vec::new();
        for tick in 20..=events.len() as i64 {
            let window = slo::window(Minute(tick), 5, STARVED_FOR);
            let gap = ingest_gap(found.last().copied(), window, 600, |m| events[m.0 as usize]);
            let Some(gap) = gap else { continue };
            match found.last_mut().filter(|last| last.start == gap.start) {
                Some(last) => *last = gap,
                None => found.push(gap),
            }
        }
        found
    }

    /// Ten events a minute, but for so many in these minutes.
    fn but(range: std::ops::Range<usize>, few: u64) -> Vec<u64> {
        (0..200).map(|m| if range.contains(&m) { few } else { 10 }).collect()
    }

    fn range(start: i64, end: i64) -> MinuteRange {
        MinuteRange::new(Minute(start), Minute(end))
    }

    #[test]
    fn a_gap_lasts_from_the_first_starved_minute_to_the_first_that_is_not() {
        assert_eq!(gaps(&but(50..90, 0)), [range(50, 90)]);
        assert_eq!(gaps(&but(50..65, 0)), [range(50, 65)]);
    }

    #[test]
    fn less_than_a_quarter_of_an_hour_is_no_gap() {
        assert_eq!(gaps(&but(50..63, 0)), []);
    }

    #[test]
    fn a_tenth_is_enough() {
        assert_eq!(gaps(&but(50..90, 1)), [], "10 % is not below 10 %");
        let mut trickle = but(50..90, 0);
        (52..90).step_by(3).for_each(|m| trickle[m] = 1);
        assert_eq!(gaps(&trickle), [range(50, 90)], "what trickles in does not end it");
    }

    #[test]
    fn two_gaps_are_two() {
        let mut events = but(50..80, 0);
        (110..140).for_each(|m| events[m] = 0);
        assert_eq!(gaps(&events), [range(50, 80), range(110, 140)]);
    }

    #[test]
    fn of_few_events_nothing_can_be_told() {
        let window = range(0, 15);
        assert_eq!(ingest_gap(None, window, 399, |_| 0), None);
        assert_eq!(ingest_gap(None, window, 400, |_| 0), Some(window));
        assert_eq!(usual_volume([900, 0, 0, 900, 900, 0, 0]), 0, "three days are too few");
        assert_eq!(usual_volume([900, 0, 0, 900, 900, 0, 800]), 800);
    }

    #[test]
    fn a_window_is_held_against_the_hours_it_touches() {
        assert_eq!(usual_hours(range(600, 615)), [[-14, -38, -62, -86, -110, -134, -158]]);
        let two = usual_hours(range(590, 605));
        assert_eq!((two.len(), two[0][0], two[1][0]), (2, -15, -14));
        assert_eq!(usual_hours(range(585, 600)).len(), 1, "its end is not in it");
    }

    #[test]
    fn a_gap_is_named_by_what_it_is_about_and_its_beginning() {
        let gap = |sli, product, range| IngestGap { sli, product, range }.id();
        let one = gap(Sli::IframeLoad, Product::Jira, range(5, 30));
        assert_eq!(one, gap(Sli::IframeLoad, Product::Jira, range(5, 90)));
        assert_ne!(one, gap(Sli::WebhookDelivery, Product::Jira, range(5, 30)));
        assert_ne!(one, gap(Sli::IframeLoad, Product::Jsm, range(5, 30)));
        assert_ne!(one, gap(Sli::IframeLoad, Product::Jira, range(6, 30)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_gap_begins_and_ends_with_a_starved_minute_and_never_shrinks(
            runs in prop::collection::vec((0_u64..15, 1_usize..40), 1..12)
        ) {
            let events: Vec<u64> = runs.iter().flat_map(|(few, length)| vec![*few; *length]).collect();
            let mut last: Option<MinuteRange> = None;
            for tick in 20..=events.len() as i64 {
                let window = slo::window(Minute(tick), 5, STARVED_FOR);
                let Some(gap) = ingest_gap(last, window, 600, |m| events[m.0 as usize]) else { continue };
                prop_assert_eq!(events[gap.start.0 as usize], 0);
                prop_assert_eq!(events[(gap.end - 1).0 as usize], 0);
                prop_assert!(gap.end <= window.end);
                if let Some(before) = last {
                    if gap.start == before.start {
                        prop_assert!(gap.end >= before.end);
                    } else {
                        prop_assert!(gap.start >= before.end);
                    }
                }
                last = Some(gap);
            }
        }
    }
}
