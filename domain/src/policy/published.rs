use super::MeasurementPolicy;
use crate::count::Minute;

/// A version of the measurement policy with the first minute at which it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The first evaluation that uses it.
    pub starts: Minute,
    /// The rules.
    pub policy: MeasurementPolicy,
}

/// Every published version of the measurement policy (SPEC section 2). Version 1 is [`MeasurementPolicy::standard`] and
/// has held since ever.
///
/// Of the versions that have started, the highest holds. So a newer version also replaces an older one that starts later:
/// whoever published it had seen that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    standard: MeasurementPolicy,
    /// In the order of their versions.
    published: Vec<Published>,
}

impl Default for Policies {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Policies {
    /// These versions, and the standard before them.
    pub fn new(mut published: Vec<Published>) -> Self {
        published.sort_by_key(|p| p.policy.version);
        Self {
            standard: MeasurementPolicy::standard(),
            published,
        }
    }

    /// The rules that hold at `minute`.
    pub fn at(&self, minute: Minute) -> &MeasurementPolicy {
        let started = self.published.iter().rev().find(|p| p.starts <= minute);
        started.map_or(&self.standard, |p| &p.policy)
    }

    /// The version that was published last, whether it holds already or not.
    pub fn latest(&self) -> &MeasurementPolicy {
        self.published.last().map_or(&self.standard, |p| &p.policy)
    }

    /// The versions that will hold from some minute after `minute` on, in the order in which they start.
    pub fn planned(&self, minute: Minute) -> Vec<Published> {
        let later = self.published.iter().filter(|p| p.starts > minute);
        // Only what no newer version replaces before it starts.
        let mut planned: Vec<Published> = later.filter(|p| self.at(p.starts) == &p.policy).copied().collect();
        planned.sort_by_key(|p| p.starts);
        planned
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(version: u32, starts: i64) -> Published {
        Published {
            starts: Minute(starts),
            policy: MeasurementPolicy {
                version,
                ..MeasurementPolicy::standard()
            },
        }
    }

    #[test]
    fn the_standard_holds_before_everything() {
        let policies = Policies::default();
        assert_eq!(policies.at(Minute(i64::MIN)).version, 1);
        assert_eq!(policies.latest().version, 1);
        assert!(policies.planned(Minute(0)).is_empty());
    }

    #[test]
    fn a_version_holds_from_its_first_minute_on() {
        let policies = Policies::new(vec![version(2, 100)]);
        assert_eq!(policies.at(Minute(99)).version, 1);
        assert_eq!(policies.at(Minute(100)).version, 2);
        assert_eq!(policies.latest().version, 2);
        assert_eq!(policies.planned(Minute(99)), [version(2, 100)]);
        assert!(policies.planned(Minute(100)).is_empty());
    }

    #[test]
    fn a_newer_version_replaces_one_that_has_not_started() {
        let policies = Policies::new(vec![version(3, 50), version(2, 100)]);
        assert_eq!(policies.at(Minute(99)).version, 3);
        assert_eq!(policies.at(Minute(100)).version, 3);
        assert_eq!(policies.planned(Minute(0)), [version(3, 50)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// What holds at a minute never depends on what is published later to start later.
        #[test]
        fn the_past_stays(starts in proptest::collection::vec(0_i64..50, 0..6), at in 0_i64..50) {
            let all: Vec<Published> = starts.iter().zip(2..).map(|(starts, n)| version(n, *starts)).collect();
            let before = Policies::new(all.clone());
            let mut more = all;
            more.push(version(99, at + 1));
            let after = Policies::new(more);
            for minute in 0..=at {
                prop_assert_eq!(before.at(Minute(minute)), after.at(Minute(minute)));
            }
        }
    }
}
