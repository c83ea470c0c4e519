use crate::count::{Minute, MinuteRange};
use crate::policy::OWN_EVENTS_COVER;

/// The minutes that an own event of `minute` covers: in them the app's own events replace the generic ones
/// (SPEC section 2).
pub fn covered_by(minute: Minute) -> MinuteRange {
    MinuteRange::new(minute, minute + OWN_EVENTS_COVER)
}

/// The minutes of which each covers `minute` when it has an own event.
pub fn covering(minute: Minute) -> MinuteRange {
    MinuteRange::new(minute + 1 - OWN_EVENTS_COVER, minute + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_own_event_covers_its_minute_and_the_fourteen_after_it() {
        let covered = covered_by(Minute(100));
        assert_eq!(covered, MinuteRange::new(Minute(100), Minute(115)));
        assert!(
            !covered.contains(Minute(99)),
            "what was before it stays as it was counted"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn both_directions_say_the_same(own in -40_i64..40, minute in -40_i64..40) {
            let (own, minute) = (Minute(own), Minute(minute));
            prop_assert_eq!(covered_by(own).contains(minute), covering(minute).contains(own));
        }
    }
}
