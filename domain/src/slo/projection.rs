use crate::count::Counts;
use crate::policy::Ppm;

/// Days of the objective's window (SPEC section 2).
const WINDOW_DAYS: i64 = 28;

/// The counts of one day, numbered since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCounts {
    pub day: i64,
    pub counts: Counts,
}

/// The first day at whose end the 28-day rate is at its target again if nothing else goes wrong (SPEC section 2): the bad
/// days of the past leave the window one after the other, and every day to come has as many events as an average day so
/// far, all good. `None` without any event, or when four weeks are not enough (an objective of 100 % with no events).
pub fn met_again_on(slo: Ppm, days: &[DayCounts], today: i64) -> Option<i64> {
    let events: u64 = days.iter().map(|d| d.counts.total()).sum();
    let with_events = days.iter().filter(|d| d.counts.is_defined()).count() as u64;
    let usual = events.checked_div(with_events)?;
    (today..=today + WINDOW_DAYS).find(|end| {
        let past: Counts = days
            .iter()
            .filter(|d| d.day > end - WINDOW_DAYS && d.day <= *end)
            .map(|d| d.counts)
            .sum();
        let to_come = u64::try_from(end - today).unwrap_or_default().saturating_mul(usual);
        let window = past + Counts::new(to_come, 0);
        window.is_defined() && !window.below(slo)
    })
}

/// Days over which the present rate of events is taken.
const RATE_DAYS: i64 = 7;

/// The first day at whose end the error budget is overspent at this rate (SPEC section 2: "the date on which the budget
/// will be exhausted at this rate"): the rate over 28 days is below its target, as [`met_again_on`] asks whether it is not.
///
/// This rate is that of the last seven days, today among them: every day to come has a seventh of their good and bad
/// events, a series younger than that its own share, while the days of the past leave the window one after the other.
/// `today` when it is overspent already. `None` when this rate can go on for ever: after 28 days the window holds nothing
/// else, so that what did not happen until then never does.
pub fn exhausted_on(slo: Ppm, days: &[DayCounts], today: i64) -> Option<i64> {
    let first = days.iter().filter(|d| d.counts.is_defined()).map(|d| d.day).min()?;
    let rate_days = (today + 1 - first).clamp(1, RATE_DAYS);
    let sum = |from: i64, to: i64| -> Counts {
        let within = days.iter().filter(|d| d.day > from && d.day <= to);
        within.map(|d| d.counts).sum()
    };
    let week = sum(today - rate_days, today);
    (today..=today + WINDOW_DAYS).find(|end| {
        let past = sum(end - WINDOW_DAYS, today);
        // Counted in parts of a day's share, so that no fraction is rounded.
        let (parts, to_come) = (rate_days.unsigned_abs(), (end - today).unsigned_abs());
        let count = |past: u64, rate: u64| past.saturating_mul(parts).saturating_add(rate.saturating_mul(to_come));
        Counts::new(count(past.good, week.good), count(past.bad, week.bad)).below(slo)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SLO: Ppm = Ppm(999_000);

    fn days(bad: &[(i64, u64)]) -> Vec<DayCounts> {
        let bad_on = |day| bad.iter().find(|(d, _)| *d == day).map_or(0, |(_, bad)| *bad);
        (73..=100)
            .map(|day| DayCounts {
                day,
                counts: Counts::new(1_440 - bad_on(day), bad_on(day)),
            })
            .collect()
    }

    #[test]
    fn an_objective_that_is_met_is_met_today() {
        assert_eq!(met_again_on(SLO, &days(&[(90, 40)]), 100), Some(100));
    }

    #[test]
    fn it_is_met_once_the_bad_day_leaves_the_window() {
        // 41 of 40,320 are one too many; day 90 is out of the window that ends with day 118.
        assert_eq!(met_again_on(SLO, &days(&[(90, 41)]), 100), Some(118));
    }

    #[test]
    fn of_several_bad_days_only_as_many_as_needed_have_to_leave() {
        assert_eq!(met_again_on(SLO, &days(&[(80, 10), (90, 35)]), 100), Some(108));
    }

    #[test]
    fn without_events_there_is_no_date() {
        assert_eq!(met_again_on(SLO, &[], 100), None);
    }

    #[test]
    fn a_quiet_week_exhausts_nothing() {
        assert_eq!(exhausted_on(SLO, &days(&[(90, 40)]), 100), None);
        assert_eq!(exhausted_on(SLO, &days(&[]), 100), None);
        assert_eq!(exhausted_on(SLO, &[], 100), None);
    }

    #[test]
    fn what_is_overspent_is_exhausted_today() {
        assert_eq!(exhausted_on(SLO, &days(&[(90, 41)]), 100), Some(100));
    }

    #[test]
    fn the_rate_of_the_week_goes_on() {
        // 14 in the week are two a day; 40 of 40,320 are allowed: 14 + 2 x 13 are 40, one day later they are too many.
        assert_eq!(exhausted_on(SLO, &days(&[(97, 14)]), 100), Some(114));
        // Seven a week are one a day, 28 in 28 days: for ever.
        assert_eq!(exhausted_on(SLO, &days(&[(97, 7)]), 100), None);
    }

    #[test]
    fn bad_days_that_leave_the_window_make_room() {
        // 12 a week and 20 on a day that leaves after tomorrow: 12 + 12/7 x 16 are more than 40 only on day 117.
        assert_eq!(exhausted_on(SLO, &days(&[(74, 20), (97, 12)]), 100), Some(117));
        assert_eq!(exhausted_on(SLO, &days(&[(90, 20), (97, 12)]), 100), Some(105));
    }

    #[test]
    fn a_young_series_has_the_rate_of_its_days() {
        let young = |bad| {
            vec![DayCounts {
                day: 100,
                counts: Counts::new(1_440 - bad, bad),
            }]
        };
        assert_eq!(
            exhausted_on(SLO, &young(1), 100),
            None,
            "one of 1,440 is what is allowed for ever"
        );
        assert_eq!(exhausted_on(SLO, &young(2), 100), Some(100));
    }

    /// The last 28 days, with any counts.
    fn any_days() -> impl Strategy<Value = Vec<DayCounts>> {
        prop::collection::vec((0_u64..2_000, 0_u64..4), 28).prop_map(|counts| {
            let days = (73..=100).zip(counts);
            days.map(|(day, (good, bad))| DayCounts {
                day,
                counts: Counts::new(good, bad),
            })
            .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn exhausted_today_exactly_when_not_met_today(days in any_days()) {
            prop_assume!(days.iter().any(|d| d.counts.is_defined()));
            let is_met = met_again_on(SLO, &days, 100) == Some(100);
            prop_assert_eq!(exhausted_on(SLO, &days, 100) == Some(100), !is_met);
        }

        #[test]
        fn without_a_bad_event_in_the_week_nothing_more_is_spent(mut days in any_days()) {
            for day in &mut days {
                // Were the days that leave larger than those that come, the budget would shrink.
                day.counts.good = day.counts.good.min(1_430);
                if day.day > 93 {
                    day.counts = Counts::new(1_440, 0);
                }
            }
            let month: Counts = days.iter().map(|d| d.counts).sum();
            if let Some(day) = exhausted_on(SLO, &days, 100) {
                prop_assert!(month.below(SLO) && day == 100);
            }
        }

        #[test]
        fn a_worse_week_never_lasts_longer(days in any_days(), day in 94_i64..=100, more in 1_u64..9) {
            let mut worse = days.clone();
            if let Some(day) = worse.iter_mut().find(|d| d.day == day && d.counts.good >= more) {
                day.counts = Counts::new(day.counts.good - more, day.counts.bad + more);
            }
            let (before, after) = (exhausted_on(SLO, &days, 100), exhausted_on(SLO, &worse, 100));
            prop_assert!(after.unwrap_or(i64::MAX) <= before.unwrap_or(i64::MAX), "{before:?}, then {after:?}");
        }

        #[test]
        fn a_week_below_its_target_exhausts_every_budget(days in any_days()) {
            let week: Counts = days.iter().filter(|d| d.day > 93).map(|d| d.counts).sum();
            if week.below(SLO) {
                prop_assert!(exhausted_on(SLO, &days, 100).is_some(), "a month like this week misses its target");
            }
        }
    }
}
