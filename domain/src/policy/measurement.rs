use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Ppm, SLO_WINDOW};
use crate::sli::Sli;

/// When an alert is raised: the window has a counted event, at least `min_bad` bad ones, and a rate below `threshold`
/// (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertCondition {
    /// The rate of good events below which the condition holds; a rate equal to it does not.
    pub threshold: Ppm,
    /// Length of the window, in minutes.
    pub window_minutes: u32,
    /// Least number of bad events in the window.
    pub min_bad: u64,
}

/// How one SLI is assessed (a row of the table in SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SliPolicy {
    /// The objective over 28 days.
    pub slo: Ppm,
    /// When an alert is raised.
    pub alert: AlertCondition,
    /// Minutes left to events under way before their minute is first evaluated.
    pub settle_minutes: u32,
}

/// One policy for each SLI that has an objective. Fields, not a map: none can be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SliPolicies {
    /// For [`Sli::Availability`].
    pub availability: SliPolicy,
    /// For [`Sli::IframeLoad`].
    pub iframe_load: SliPolicy,
    /// For [`Sli::InstallationCallback`].
    pub installation_callback: SliPolicy,
    /// For [`Sli::WebhookDelivery`].
    pub webhook_delivery: SliPolicy,
}

/// The versioned document that says how series are assessed; a program manager edits it (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasurementPolicy {
    /// Grows by one with each published version.
    pub version: u32,
    /// The rows of the table.
    pub slis: SliPolicies,
}

/// Why a measurement policy cannot be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// An objective or threshold of more than 100 %.
    #[error("{0}: an objective or threshold cannot exceed 100 %")]
    AboveWhole(Sli),
    /// A window without minutes, or one longer than the minutes that an objective looks back on.
    #[error("{0}: the alert window must last 1 minute to 28 days (40320 minutes)")]
    Window(Sli),
    /// An alert that needs no bad event.
    #[error("{0}: an alert needs at least 1 bad event")]
    MinBad(Sli),
    /// A settling time that would hide a failure for hours.
    #[error("{0}: settling cannot take more than 60 minutes")]
    Settle(Sli),
}

impl MeasurementPolicy {
    /// The table of SPEC section 2, as version 1.
    pub const fn standard() -> Self {
        const QUARTER_HOUR: u32 = 15;
        const DAY: u32 = 24 * 60;
        /// In the table every alert threshold equals the objective.
        const fn row(slo: Ppm, window_minutes: u32, min_bad: u64, settle_minutes: u32) -> SliPolicy {
            SliPolicy {
                slo,
                alert: AlertCondition {
                    threshold: slo,
                    window_minutes,
                    min_bad,
                },
                settle_minutes,
            }
        }
        Self {
            version: 1,
            slis: SliPolicies {
                availability: row(Ppm(999_000), QUARTER_HOUR, 1, 1),
                iframe_load: row(Ppm(950_000), QUARTER_HOUR, 5, 5),
                installation_callback: row(Ppm(990_000), DAY, 1, 5),
                webhook_delivery: row(Ppm(990_000), QUARTER_HOUR, 5, 5),
            },
        }
    }

    /// How this SLI is assessed; `None` for synthetic results, which have no objective.
    pub const fn for_sli(&self, sli: Sli) -> Option<&SliPolicy> {
        match sli {
            Sli::Availability => Some(&self.slis.availability),
            Sli::IframeLoad => Some(&self.slis.iframe_load),
            Sli::InstallationCallback => Some(&self.slis.installation_callback),
            Sli::WebhookDelivery => Some(&self.slis.webhook_delivery),
            Sli::Synthetic => None,
        }
    }

    /// Everything that the types alone do not refuse: shares above 100 %, windows and counts that cannot work.
    pub fn errors(&self) -> Vec<PolicyError> {
        let mut errors = Vec::new();
        for &sli in Sli::ALL {
            let Some(policy) = self.for_sli(sli) else {
                continue;
            };
            if policy.slo > Ppm::ONE || policy.alert.threshold > Ppm::ONE {
                errors.push(PolicyError::AboveWhole(sli));
            }
            if !(1..=SLO_WINDOW).contains(&policy.alert.window_minutes) {
                errors.push(PolicyError::Window(sli));
            }
            if policy.alert.min_bad == 0 {
                errors.push(PolicyError::MinBad(sli));
            }
            if policy.settle_minutes > 60 {
                errors.push(PolicyError::Settle(sli));
            }
        }
        errors
    }

    /// Whether it can be published: [`MeasurementPolicy::errors`] finds nothing.
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.errors().first().map_or(Ok(()), |error| Err(*error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_is_the_table() {
        let policy = MeasurementPolicy::standard();
        let row = |sli| {
            let p = policy.for_sli(sli).unwrap();
            (
                p.slo.0,
                p.alert.threshold.0,
                p.alert.window_minutes,
                p.alert.min_bad,
                p.settle_minutes,
            )
        };
        assert_eq!(row(Sli::Availability), (999_000, 999_000, 15, 1, 1));
        assert_eq!(row(Sli::IframeLoad), (950_000, 950_000, 15, 5, 5));
        assert_eq!(row(Sli::InstallationCallback), (990_000, 990_000, 1_440, 1, 5));
        assert_eq!(row(Sli::WebhookDelivery), (990_000, 990_000, 15, 5, 5));
        assert_eq!(policy.for_sli(Sli::Synthetic), None);
        assert_eq!(policy.validate(), Ok(()));
    }

    #[test]
    fn a_policy_exists_exactly_for_slis_with_an_objective() {
        for &sli in Sli::ALL {
            assert_eq!(
                MeasurementPolicy::standard().for_sli(sli).is_some(),
                sli.is_slo(),
                "{sli}"
            );
        }
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let broken = |change: fn(&mut SliPolicy)| {
            let mut policy = MeasurementPolicy::standard();
            change(&mut policy.slis.iframe_load);
            policy.validate()
        };
        let sli = Sli::IframeLoad;
        assert_eq!(broken(|p| p.slo = Ppm(1_000_001)), Err(PolicyError::AboveWhole(sli)));
        assert_eq!(
            broken(|p| p.alert.threshold = Ppm(1_000_001)),
            Err(PolicyError::AboveWhole(sli))
        );
        assert_eq!(broken(|p| p.alert.window_minutes = 0), Err(PolicyError::Window(sli)));
        assert_eq!(
            broken(|p| p.alert.window_minutes = SLO_WINDOW + 1),
            Err(PolicyError::Window(sli))
        );
        assert_eq!(broken(|p| p.alert.min_bad = 0), Err(PolicyError::MinBad(sli)));
        assert_eq!(broken(|p| p.settle_minutes = 61), Err(PolicyError::Settle(sli)));
        assert_eq!(broken(|p| p.slo = Ppm::ONE), Ok(()));
    }
}
