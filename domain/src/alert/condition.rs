use crate::count::{Counts, Minute, MinuteRange};
use crate::policy::{AlertCondition, SliPolicy};
use crate::slo;

/// The window that the evaluation of an alert condition at `tick` looks at (SPEC section 2).
pub fn alert_window(tick: Minute, policy: &SliPolicy) -> MinuteRange {
    slo::window(tick, policy.settle_minutes, policy.alert.window_minutes)
}

/// What a window says about an alert condition (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowState {
    /// No counted event: neither good nor bad.
    Undefined,
    /// There are events, and the condition does not hold.
    Clear,
    /// The condition holds.
    Holds,
}

impl WindowState {
    /// The state of a window with these counts. The condition holds with at least `min_bad` bad events and a rate below
    /// the threshold.
    pub fn of(counts: Counts, condition: &AlertCondition) -> Self {
        if !counts.is_defined() {
            Self::Undefined
        } else if counts.bad >= condition.min_bad && counts.below(condition.threshold) {
            Self::Holds
        } else {
            Self::Clear
        }
    }
}

/// What one evaluation of a series saw, after the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluated {
    /// When it was due.
    pub tick: Minute,
    /// The minutes it looked at; see [`alert_window`].
    pub window: MinuteRange,
    /// Counts of the window without late events.
    pub on_time: Counts,
    /// Counts of the window with late events.
    pub all: Counts,
}

impl Evaluated {
    /// The state of the window with all its events. It keeps an episode open or closes it.
    pub fn state(&self, condition: &AlertCondition) -> WindowState {
        WindowState::of(self.all, condition)
    }

    /// The state of the window without its late events.
    pub fn on_time_state(&self, condition: &AlertCondition) -> WindowState {
        WindowState::of(self.on_time, condition)
    }

    /// Whether an episode opens here: the condition holds for the window as it is known now, and would hold without
    /// the late events too, since those never open one (SPEC section 2). Both are asked because late *good* events
    /// change the counts they belong to: were only the punctual ones asked, an episode that all counts close would
    /// open again at the next tick, for as long as the window remembers.
    pub fn opens(&self, condition: &AlertCondition) -> bool {
        self.state(condition) == WindowState::Holds && self.on_time_state(condition) == WindowState::Holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{MeasurementPolicy, Ppm};

    #[test]
    fn the_alert_window_is_settled() {
        let policies = MeasurementPolicy::standard().slis;
        let window = |policy| alert_window(Minute(10_000), policy);
        assert_eq!(
            window(&policies.availability),
            MinuteRange::new(Minute(9_984), Minute(9_999))
        );
        assert_eq!(
            window(&policies.installation_callback),
            MinuteRange::new(Minute(8_555), Minute(9_995))
        );
    }

    #[test]
    fn each_part_of_the_condition_is_needed() {
        let condition = AlertCondition {
            threshold: Ppm(950_000),
            window_minutes: 15,
            min_bad: 5,
        };
        let state = |good, bad| WindowState::of(Counts::new(good, bad), &condition);
        assert_eq!(state(0, 0), WindowState::Undefined);
        assert_eq!(state(0, 4), WindowState::Clear, "too few bad events");
        assert_eq!(state(0, 5), WindowState::Holds);
        assert_eq!(state(95, 5), WindowState::Clear, "not below the threshold");
        assert_eq!(state(94, 5), WindowState::Holds);
        assert_eq!(state(100, 0), WindowState::Clear);
    }

    #[test]
    fn one_failed_probe_in_a_quarter_of_an_hour_is_an_alert() {
        let condition = MeasurementPolicy::standard().slis.availability.alert;
        assert_eq!(WindowState::of(Counts::new(14, 1), &condition), WindowState::Holds);
        assert_eq!(WindowState::of(Counts::new(15, 0), &condition), WindowState::Clear);
    }

    #[test]
    fn only_what_holds_with_and_without_late_events_opens() {
        let condition = MeasurementPolicy::standard().slis.availability.alert;
        let opens = |on_time, all| {
            let window = MinuteRange::new(Minute(0), Minute(15));
            Evaluated {
                tick: Minute(16),
                window,
                on_time,
                all,
            }
            .opens(&condition)
        };
        let (bad, good) = (Counts::new(0, 1), Counts::new(1, 0));
        assert!(opens(bad, bad));
        assert!(!opens(good, good + bad), "late bad events never open");
        assert!(!opens(Counts::default(), bad), "late bad events never open");
        assert!(
            !opens(bad, bad + Counts::new(10_000, 0)),
            "late good events count where they belong"
        );
        assert!(!opens(Counts::default(), Counts::default()));
    }
}
