use crate::sli::text_key;

text_key! {
    /// How far an action is.
    pub enum ActionState, "state of an action" {
        Proposed = "proposed",
        Accepted = "accepted",
        Done = "done",
        Verified = "verified",
        Declined = "declined",
        Waived = "waived",
    }
}

text_key! {
    /// What somebody does with an action.
    pub enum Step, "step of an action" {
        Propose = "propose",
        /// Change what is proposed.
        Edit = "edit",
        Accept = "accept",
        Decline = "decline",
        /// Say that it is done, with evidence.
        Complete = "complete",
        /// From done back to accepted.
        SendBack = "send_back",
        Verify = "verify",
        Waive = "waive",
    }
}

/// Why a step cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The action is in another state than the step begins in.
    #[error("This action is {}, so this cannot be done with it.", .0.label())]
    State(ActionState),
    /// Nobody decides on what they proposed or did themselves.
    #[error("You proposed this action or did it, so somebody else has to decide on it.")]
    Own,
}

impl ActionState {
    /// What people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Done => "done",
            Self::Verified => "verified",
            Self::Declined => "declined",
            Self::Waived => "waived",
        }
    }

    /// Whether nothing can happen to it any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Verified | Self::Declined | Self::Waived)
    }

    /// Whether it is one of those that have to be verified.
    const fn is_asked(self) -> bool {
        !matches!(self, Self::Declined | Self::Waived)
    }
}

impl Step {
    /// The state after this step, taken by somebody who proposed, edited or did the action before (`is_own`) or did not.
    ///
    /// # Errors
    /// When the action is in another state, or the step is a decision that belongs to somebody else.
    pub fn taken(self, state: ActionState, is_own: bool) -> Result<ActionState, Refusal> {
        use ActionState::{Accepted, Declined, Done, Proposed, Verified, Waived};
        let next = match (self, state) {
            (Self::Edit, Proposed) => Proposed,
            (Self::Accept, Proposed) | (Self::SendBack, Done) => Accepted,
            (Self::Decline, Proposed) => Declined,
            (Self::Complete, Accepted) => Done,
            (Self::Verify, Done) => Verified,
            (Self::Waive, Proposed | Accepted | Done) => Waived,
            _ => return Err(Refusal::State(state)),
        };
        if is_own && self.is_decision() {
            return Err(Refusal::Own);
        }
        Ok(next)
    }

    /// Whether it is somebody's judgement of what others proposed or did.
    pub const fn is_decision(self) -> bool {
        matches!(
            self,
            Self::Accept | Self::Decline | Self::SendBack | Self::Verify | Self::Waive
        )
    }

    /// Whether whoever takes it has a hand in the action from then on.
    pub const fn contributes(self) -> bool {
        matches!(self, Self::Propose | Self::Edit | Self::Complete)
    }

    /// Whether it needs a reason.
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Decline | Self::SendBack | Self::Waive)
    }
}

/// How far the actions of one parent are; those that are declined or waived are not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub verified: u64,
    /// Those that are verified or still have to be.
    pub asked: u64,
}

impl Progress {
    pub fn of(states: impl IntoIterator<Item = ActionState>) -> Self {
        states
            .into_iter()
            .filter(|state| state.is_asked())
            .fold(Self::default(), |progress, state| Self {
                verified: progress.verified + u64::from(state == ActionState::Verified),
                asked: progress.asked + 1,
            })
    }

    /// Whether everything that is asked for is verified, and that is something.
    pub fn is_complete(self) -> bool {
        self.verified > 0 && self.verified == self.asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ActionState::{Accepted, Declined, Done, Proposed, Verified, Waived};

    /// Every step that can be taken; all others are refused.
    const STEPS: [(Step, ActionState, ActionState); 9] = [
        (Step::Edit, Proposed, Proposed),
        (Step::Accept, Proposed, Accepted),
        (Step::Decline, Proposed, Declined),
        (Step::Complete, Accepted, Done),
        (Step::SendBack, Done, Accepted),
        (Step::Verify, Done, Verified),
        (Step::Waive, Proposed, Waived),
        (Step::Waive, Accepted, Waived),
        (Step::Waive, Done, Waived),
    ];

    #[test]
    fn each_step_leads_from_its_states_alone() {
        for step in Step::ALL {
            for state in ActionState::ALL {
                let known = STEPS.iter().find(|(s, from, _)| s == step && from == state);
                let expected = known.map_or(Err(Refusal::State(*state)), |(_, _, to)| Ok(*to));
                assert_eq!(step.taken(*state, false), expected, "{step} while {state}");
            }
        }
    }

    #[test]
    fn nothing_happens_to_what_is_over() {
        for state in ActionState::ALL {
            let can_go_on = Step::ALL.iter().any(|step| step.taken(*state, false).is_ok());
            assert_eq!(can_go_on, !state.is_final(), "{state}");
        }
    }

    #[test]
    fn nobody_decides_on_what_they_proposed_or_did() {
        for (step, from, to) in STEPS {
            let expected = if step.is_decision() { Err(Refusal::Own) } else { Ok(to) };
            assert_eq!(step.taken(from, true), expected, "{step} while {from}");
        }
        assert_eq!(
            Step::Accept.taken(Verified, true),
            Err(Refusal::State(Verified)),
            "what is over is said first"
        );
        for step in Step::ALL {
            assert!(!(step.is_decision() && step.contributes()), "{step}");
        }
    }

    #[test]
    fn a_refusal_and_a_setting_aside_have_a_reason() {
        let with: Vec<_> = Step::ALL.iter().filter(|step| step.needs_reason()).collect();
        assert_eq!(with, [&Step::Decline, &Step::SendBack, &Step::Waive]);
    }

    #[test]
    fn what_is_declined_or_waived_is_not_asked_for() {
        let complete = |states: &[ActionState]| Progress::of(states.iter().copied()).is_complete();
        assert!(!complete(&[]));
        assert!(!complete(&[Declined, Waived]), "one at least is verified");
        assert!(complete(&[Verified]));
        assert!(complete(&[Verified, Declined, Waived, Verified]));
        for open in [Proposed, Accepted, Done] {
            assert!(!complete(&[Verified, open]), "{open}");
        }
        let progress = Progress::of([Verified, Done, Waived]);
        assert_eq!((progress.verified, progress.asked), (1, 2));
    }
}
