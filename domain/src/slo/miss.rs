use serde::{Deserialize, Serialize};

use crate::count::{Counts, Minute};
use crate::policy::{MET_FOR, MISS_MINIMUM, Ppm};

/// A miss that has opened and not ended: all that the next assessment needs to know (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMiss {
    /// The tick that opened it.
    pub opened_at: Minute,
    /// The tick since which every assessment found the objective met; `None` while it is not.
    pub met_since: Option<Minute>,
}

/// What one assessment of a series over its objective's window saw, after the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessed {
    /// When it was due.
    pub tick: Minute,
    /// Counts of the 28 days.
    pub month: Counts,
    /// Whether the series had its first event 28 days ago or earlier.
    pub has_history: bool,
    /// Whether the series is being measured.
    pub is_measured: bool,
    /// Whether its app is; staff decide that, while a series ends when its partner takes a base URL away.
    pub app_is_measured: bool,
}

/// What one assessment changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissStep {
    /// No miss is open, none opens.
    Nothing,
    /// A miss opens; its mail and fact are due.
    Opened(OpenMiss),
    /// The miss stays open.
    StillOpen(OpenMiss),
    /// The miss ends at this tick; its mail and fact are due.
    Ended(OpenMiss),
}

/// One assessment of a series (SPEC section 2): a miss
/// - opens when the series has 28 days of history, at least 3 bad events that are not excluded, and an adjusted 28-day SLI
///   below its objective;
/// - ends after 24 h at or above it, and at once when the app is no longer measured, or when the series is not and its events
///   are 28 days old. A base URL that its partner takes away and enters again ends no miss.
///
/// Assessments come in ascending order; while a miss is open there is one at every tick. One without any event is neither
/// below nor at the objective: the 24 h begin anew after it. The objective is that of the tick: a new one can open and end
/// misses, but changes none that has ended.
pub fn assess(slo: Ppm, open: Option<&OpenMiss>, assessed: &Assessed) -> MissStep {
    let Assessed { tick, month, .. } = *assessed;
    let is_below = month.is_defined() && month.below(slo);
    let Some(open) = open else {
        let opens = assessed.is_measured && assessed.has_history && month.bad >= MISS_MINIMUM && is_below;
        return match opens {
            true => MissStep::Opened(OpenMiss {
                opened_at: tick,
                met_since: None,
            }),
            false => MissStep::Nothing,
        };
    };
    let is_met = month.is_defined() && !is_below;
    let miss = OpenMiss {
        met_since: is_met.then(|| open.met_since.unwrap_or(tick)),
        ..*open
    };
    let is_over = !assessed.app_is_measured || (!assessed.is_measured && !month.is_defined());
    if is_over || miss.met_since.is_some_and(|since| tick - since >= MET_FOR) {
        MissStep::Ended(miss)
    } else {
        MissStep::StillOpen(miss)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SLO: Ppm = Ppm(999_000);

    fn at(tick: i64, good: u64, bad: u64) -> Assessed {
        Assessed {
            tick: Minute(tick),
            month: Counts::new(good, bad),
            has_history: true,
            is_measured: true,
            app_is_measured: true,
        }
    }

    fn open(met_since: Option<i64>) -> OpenMiss {
        OpenMiss {
            opened_at: Minute(0),
            met_since: met_since.map(Minute),
        }
    }

    #[test]
    fn a_miss_opens_below_the_objective() {
        let opened = MissStep::Opened(open(None));
        assert_eq!(assess(SLO, None, &at(0, 40_279, 41)), opened);
        assert_eq!(
            assess(SLO, None, &at(0, 40_280, 40)),
            MissStep::Nothing,
            "40 are allowed"
        );
        assert_eq!(assess(SLO, None, &at(0, 0, 3)), opened);
        assert_eq!(
            assess(SLO, None, &at(0, 0, 2)),
            MissStep::Nothing,
            "two bad events are too few"
        );
        assert_eq!(assess(SLO, None, &at(0, 0, 0)), MissStep::Nothing);
    }

    #[test]
    fn a_series_that_is_young_or_not_measured_has_no_miss() {
        let young = Assessed {
            has_history: false,
            ..at(0, 0, 100)
        };
        let unmeasured = Assessed {
            is_measured: false,
            ..at(0, 0, 100)
        };
        assert_eq!(assess(SLO, None, &young), MissStep::Nothing);
        assert_eq!(assess(SLO, None, &unmeasured), MissStep::Nothing);
        assert_eq!(
            assess(SLO, Some(&open(None)), &unmeasured),
            MissStep::StillOpen(open(None)),
            "a base URL that is taken away ends no miss"
        );
        let gone = Assessed {
            month: Counts::default(),
            ..unmeasured
        };
        assert_eq!(assess(SLO, Some(&open(None)), &gone), MissStep::Ended(open(None)));
        let given_up = Assessed {
            app_is_measured: false,
            ..unmeasured
        };
        assert_eq!(assess(SLO, Some(&open(None)), &given_up), MissStep::Ended(open(None)));
    }

    #[test]
    fn a_miss_ends_after_a_day_at_the_objective() {
        let met = open(Some(100));
        assert_eq!(
            assess(SLO, Some(&open(None)), &at(100, 999, 1)),
            MissStep::StillOpen(met)
        );
        assert_eq!(
            assess(SLO, Some(&met), &at(100 + 1_439, 999, 1)),
            MissStep::StillOpen(met)
        );
        assert_eq!(assess(SLO, Some(&met), &at(100 + 1_440, 999, 1)), MissStep::Ended(met));
    }

    #[test]
    fn falling_below_or_silence_begins_the_day_anew() {
        let met = open(Some(100));
        for (good, bad) in [(998, 1), (0, 0)] {
            assert_eq!(
                assess(SLO, Some(&met), &at(2_000, good, bad)),
                MissStep::StillOpen(open(None))
            );
        }
    }

    #[test]
    fn a_miss_that_is_open_goes_on_with_few_bad_events() {
        assert_eq!(
            assess(SLO, Some(&open(None)), &at(1, 0, 1)),
            MissStep::StillOpen(open(None))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Over any run of assessments a miss opens only below, ends only after a day of nothing but met ones, and the same
        /// run gives the same steps.
        #[test]
        fn a_miss_opens_below_and_ends_after_a_day_met(
            run in proptest::collection::vec((1_i64..900, 0_u64..3_000, 0_u64..6, any::<bool>()), 1..60),
        ) {
            let mut tick = 0;
            let mut state: Option<OpenMiss> = None;
            let mut seen: Vec<(i64, bool)> = Vec::new();
            for (later, good, bad, has_history) in run {
                tick += later;
                let assessed = Assessed { has_history, ..at(tick, good, bad) };
                let met = assessed.month.is_defined() && !assessed.month.below(SLO);
                seen.push((tick, met));
                let step = assess(SLO, state.as_ref(), &assessed);
                prop_assert_eq!(step, assess(SLO, state.as_ref(), &assessed));
                state = match step {
                    MissStep::Nothing => {
                        prop_assert!(state.is_none());
                        prop_assert!(met || bad < 3 || !has_history || !assessed.month.is_defined());
                        None
                    }
                    MissStep::Opened(miss) => {
                        prop_assert!(state.is_none() && bad >= 3 && has_history && !met);
                        prop_assert_eq!(miss.opened_at, Minute(tick));
                        Some(miss)
                    }
                    MissStep::StillOpen(miss) => {
                        prop_assert_eq!(Some(miss.opened_at), state.map(|m| m.opened_at));
                        prop_assert_eq!(miss.met_since.is_some(), met);
                        Some(miss)
                    }
                    MissStep::Ended(miss) => {
                        let since = miss.met_since.unwrap().0;
                        prop_assert!(tick - since >= 1_440);
                        prop_assert!(seen.iter().filter(|(t, _)| *t >= since).all(|(_, met)| *met));
                        None
                    }
                };
            }
        }
    }
}
