//! Actions that are agreed on after something went wrong (SPEC section 4): of a remediation plan, or of whatever else has some.
//! What may happen to one is decided here; who may do it in general is decided by [`crate::access`].

mod due;
mod link;
mod step;

pub use due::{Priority, is_overdue, reminder_due};
pub use link::{LinkError, TrackerLink};
pub use step::{ActionState, Progress, Refusal, Step};

use crate::sli::text_key;

text_key! {
    /// What an action belongs to, together with the parent's id.
    pub enum ParentKind, "parent of an action" {
        RemediationPlan = "remediation_plan",
    }
}

text_key! {
    /// What an action is good for.
    pub enum ActionKind, "kind of action" {
        Detect = "detect",
        Prevent = "prevent",
        Mitigate = "mitigate",
        Recover = "recover",
    }
}

impl ActionKind {
    /// What people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Detect => "Detect it sooner",
            Self::Prevent => "Prevent it",
            Self::Mitigate => "Mitigate its effect",
            Self::Recover => "Recover faster",
        }
    }
}

/// How many characters the title of an action has at most.
pub const LONGEST_TITLE: usize = 200;
/// How many actions one parent has at most.
pub const MOST_ACTIONS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_stable() {
        let kinds: Vec<_> = ActionKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(kinds, ["detect", "prevent", "mitigate", "recover"]);
        let parents: Vec<_> = ParentKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(parents, ["remediation_plan"]);
        let states: Vec<_> = ActionState::ALL.iter().map(|state| state.as_str()).collect();
        assert_eq!(
            states,
            ["proposed", "accepted", "done", "verified", "declined", "waived"]
        );
        let steps: Vec<_> = Step::ALL.iter().map(|step| step.as_str()).collect();
        assert_eq!(
            steps,
            [
                "propose",
                "edit",
                "accept",
                "decline",
                "complete",
                "send_back",
                "verify",
                "waive"
            ]
        );
        let priorities: Vec<_> = Priority::ALL.iter().map(|priority| priority.as_str()).collect();
        assert_eq!(priorities, ["four_weeks", "eight_weeks", "chosen"]);
    }
}
