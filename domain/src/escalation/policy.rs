use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The document by which apps are escalated (`escalation.md`, "Policy"). Periods are days of 86,400 s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationPolicy {
    pub version: u64,
    pub remediation: Remediation,
    pub demotion: Demotion,
    pub recovery: Recovery,
    pub reinstatement: Reinstatement,
    /// For how long after its publication tighter rules wait for those of the policy before.
    pub transition_days: u64,
}

/// What brings an app into remediation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remediation {
    /// So many counting breaches within the window.
    pub breaches: u64,
    pub window_days: u64,
    /// An objective that has been missed for so long.
    pub slo_missed_days: u64,
}

/// What leads from remediation to demotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demotion {
    /// The time an app has for its remediation.
    pub deadline_days: u64,
    /// So many counting breaches after the days of grace.
    pub further_breaches: u64,
    pub grace_days: u64,
    /// Whether nobody has to confirm a demotion.
    pub automatic: bool,
}

/// How long it must be quiet on the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// From notification to good standing.
    pub clear_quiet_days: u64,
    /// From remediation to good standing.
    pub recover_quiet_days: u64,
}

/// What a demoted app waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reinstatement {
    pub cool_off_days: u64,
}

/// Why a document is no policy.
#[derive(Debug, Error)]
pub enum EscalationPolicyError {
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
    #[error("{0} must be 1 or more")]
    Zero(&'static str),
}

impl EscalationPolicy {
    /// Reads a document and checks it. Fields it does not know are left aside.
    pub fn parse(json: &str) -> Result<Self, EscalationPolicyError> {
        let policy: Self = serde_json::from_str(json)?;
        policy.validate()?;
        Ok(policy)
    }

    /// What the types alone do not say: a rule that holds from the start, or clears at once, is a mistake.
    pub fn validate(&self) -> Result<(), EscalationPolicyError> {
        for (name, number) in [
            ("remediation.breaches", self.remediation.breaches),
            ("demotion.further_breaches", self.demotion.further_breaches),
            ("recovery.clear_quiet_days", self.recovery.clear_quiet_days),
            ("recovery.recover_quiet_days", self.recovery.recover_quiet_days),
        ] {
            if number == 0 {
                return Err(EscalationPolicyError::Zero(name));
            }
        }
        Ok(())
    }

    /// Every number, with the name that the document gives it; in its order.
    pub fn numbers_mut(&mut self) -> [(&'static str, &mut u64); 10] {
        let Self {
            remediation,
            demotion,
            recovery,
            reinstatement,
            transition_days,
            ..
        } = self;
        [
            ("remediation.breaches", &mut remediation.breaches),
            ("remediation.window_days", &mut remediation.window_days),
            ("remediation.slo_missed_days", &mut remediation.slo_missed_days),
            ("demotion.deadline_days", &mut demotion.deadline_days),
            ("demotion.further_breaches", &mut demotion.further_breaches),
            ("demotion.grace_days", &mut demotion.grace_days),
            ("recovery.clear_quiet_days", &mut recovery.clear_quiet_days),
            ("recovery.recover_quiet_days", &mut recovery.recover_quiet_days),
            ("reinstatement.cool_off_days", &mut reinstatement.cool_off_days),
            ("transition_days", transition_days),
        ]
    }

    /// The number of this name.
    pub fn number(&self, name: &str) -> Option<u64> {
        let mut copy = self.clone();
        let numbers = copy.numbers_mut();
        numbers
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, number)| *number)
    }

    /// The policy of a programme that has published none (`escalation.md`, "Policy").
    pub const fn standard() -> Self {
        Self {
            version: 1,
            remediation: Remediation {
                breaches: 3,
                window_days: 28,
                slo_missed_days: 7,
            },
            demotion: Demotion {
                deadline_days: 60,
                further_breaches: 3,
                grace_days: 14,
                automatic: false,
            },
            recovery: Recovery {
                clear_quiet_days: 28,
                recover_quiet_days: 14,
            },
            reinstatement: Reinstatement { cool_off_days: 90 },
            transition_days: 28,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn standard() -> Value {
        serde_json::to_value(EscalationPolicy::standard()).unwrap()
    }

    fn refusal(policy: &Value) -> String {
        EscalationPolicy::parse(&policy.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn a_document_comes_back_as_it_was_and_further_fields_are_left_aside() {
        let mut policy = standard();
        policy["note"] = json!("for people");
        assert_eq!(
            EscalationPolicy::parse(&policy.to_string()).unwrap(),
            EscalationPolicy::standard()
        );
    }

    #[test]
    fn every_number_has_the_name_of_its_place_in_the_document() {
        let mut policy = EscalationPolicy::standard();
        for (n, (_, number)) in policy.numbers_mut().into_iter().enumerate() {
            *number = n as u64 + 100;
        }
        let document = serde_json::to_value(&policy).unwrap();
        for (name, number) in policy.clone().numbers_mut() {
            let place = format!("/{}", name.replace('.', "/"));
            assert_eq!(document.pointer(&place), Some(&json!(*number)), "{name}");
            assert_eq!(policy.number(name), Some(*number));
        }
        assert_eq!(policy.number("demotion.automatic"), None);
    }

    #[test]
    fn a_rule_that_could_not_be_meant_is_refused() {
        for (part, field) in [
            ("remediation", "breaches"),
            ("demotion", "further_breaches"),
            ("recovery", "clear_quiet_days"),
            ("recovery", "recover_quiet_days"),
        ] {
            let mut policy = standard();
            policy[part][field] = json!(0);
            assert_eq!(refusal(&policy), format!("{part}.{field} must be 1 or more"));
        }
        for (part, field) in [
            ("remediation", "window_days"),
            ("demotion", "grace_days"),
            ("reinstatement", "cool_off_days"),
        ] {
            let mut policy = standard();
            policy[part][field] = json!(0);
            EscalationPolicy::parse(&policy.to_string()).unwrap();
        }
    }

    #[test]
    fn numbers_are_whole_and_not_negative_and_none_is_missing() {
        for wrong in [json!(-1), json!(1.5), json!(2.0), json!("3"), json!(null)] {
            for (part, field) in [
                ("remediation", "window_days"),
                ("demotion", "deadline_days"),
                ("recovery", "clear_quiet_days"),
            ] {
                let mut policy = standard();
                policy[part][field] = wrong.clone();
                refusal(&policy);
            }
        }
        for field in [
            "version",
            "remediation",
            "demotion",
            "recovery",
            "reinstatement",
            "transition_days",
        ] {
            let mut policy = standard();
            policy.as_object_mut().unwrap().remove(field);
            assert!(refusal(&policy).contains(field));
        }
        let mut policy = standard();
        policy["demotion"]["automatic"] = json!(0);
        refusal(&policy);
    }
}
