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

#[cfg(test)]
mod tests {
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
}
