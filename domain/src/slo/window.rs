use chrono::{DateTime, Utc};

use crate::count::{Minute, MinuteRange};
use crate::policy::{SLO_WINDOW, SliPolicy};

/// The window of `length_minutes` that the evaluation at `tick` looks at: [T − s − W, T − s), whole minutes
/// (SPEC section 2).
pub fn window(tick: Minute, settle_minutes: u32, length_minutes: u32) -> MinuteRange {
    let end = tick - i64::from(settle_minutes);
    MinuteRange::new(end - i64::from(length_minutes), end)
}

/// The 28 days over which an objective is assessed at `tick` (SPEC section 2).
pub fn slo_window(tick: Minute, policy: &SliPolicy) -> MinuteRange {
    window(tick, policy.settle_minutes, SLO_WINDOW)
}

/// The first tick whose window contains `minute`, whatever the window's length.
pub fn first_tick(minute: Minute, settle_minutes: u32) -> Minute {
    minute + 1 + i64::from(settle_minutes)
}

/// Whether an event of `minute` that arrived at `arrived` is late: the first evaluation that was due to see its minute
/// had begun (SPEC section 2: late events never open an episode). The due time decides, not when the evaluation ran, so
/// that the answer does not depend on how busy the server was.
pub fn is_late(minute: Minute, settle_minutes: u32, arrived: DateTime<Utc>) -> bool {
    Minute::of(arrived) >= first_tick(minute, settle_minutes)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::policy::MeasurementPolicy;

    #[test]
    fn a_window_ends_before_what_has_not_settled() {
        assert_eq!(window(Minute(100), 1, 15), MinuteRange::new(Minute(84), Minute(99)));
        assert_eq!(window(Minute(100), 0, 1), MinuteRange::new(Minute(99), Minute(100)));
    }

    #[test]
    fn an_objective_looks_at_28_days() {
        let policy = MeasurementPolicy::standard().slis.iframe_load;
        let window = slo_window(Minute(100_000), &policy);
        assert_eq!(window.len(), 40_320);
        assert_eq!(window.end, Minute(99_995));
    }

    #[test]
    fn late_from_the_second_the_evaluation_is_due() {
        let due = first_tick(Minute(100), 1).start();
        assert!(!is_late(Minute(100), 1, due - TimeDelta::microseconds(1)));
        assert!(is_late(Minute(100), 1, due));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_first_tick_is_the_first_that_sees_the_minute(minute in -9_i64..9, settle in 0_u32..9, length in 1_u32..9) {
            let minute = Minute(minute);
            let tick = first_tick(minute, settle);
            prop_assert!(window(tick, settle, length).contains(minute));
            prop_assert!(!window(tick - 1, settle, length).contains(minute));
        }
    }
}
