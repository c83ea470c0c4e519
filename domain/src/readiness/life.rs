use chrono::{DateTime, Months, TimeDelta, Utc};

use crate::sli::text_key;

text_key! {
    /// Where a readiness document stands (SPEC section 3). An approval holds until it expires, whatever is written meanwhile.
    pub enum State, "state of a readiness document" {
        /// The partner writes.
        Draft = "draft",
        /// The reviewers read, and nobody writes.
        Submitted = "submitted",
        /// The partner changes what the reviewers asked for.
        ChangesRequested = "changes_requested",
        /// Signed off; the partner may write the next one.
        Approved = "approved",
    }
}

text_key! {
    /// What reviewers say of the whole.
    pub enum Decision, "decision on a readiness document" {
        ChangesRequested = "changes_requested",
        Approved = "approved",
    }
}

text_key! {
    /// What a reviewer says of one answer.
    pub enum Verdict, "verdict on an answer" {
        Accepted = "accepted",
        ChangeRequested = "change_requested",
    }
}

/// Why something does not happen to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The document is with the reviewers. It can be changed once they have decided.")]
    WithReviewers,
    #[error("There is nothing to review: the partner has not submitted the document.")]
    NotSubmitted,
    #[error("Required questions are not answered yet.")]
    Incomplete,
    #[error("Whoever answered a question of this document cannot review it.")]
    Own,
    #[error("Approving needs every answer accepted. Accept the others, or request changes.")]
    NotAccepted,
    #[error("Request a change to one answer at least, so that the partner knows what to do.")]
    NoChange,
}

impl State {
    /// Whether the partner may answer.
    ///
    /// # Errors
    /// While the reviewers read.
    pub fn may_answer(self) -> Result<(), Refusal> {
        match self {
            Self::Submitted => Err(Refusal::WithReviewers),
            _ => Ok(()),
        }
    }

    /// The state after the partner submits.
    ///
    /// # Errors
    /// While the reviewers read, and while something required is missing.
    pub fn submitted(self, is_complete: bool) -> Result<Self, Refusal> {
        self.may_answer()?;
        match is_complete {
            true => Ok(Self::Submitted),
            false => Err(Refusal::Incomplete),
        }
    }

    /// Whether somebody may say something of an answer.
    ///
    /// # Errors
    /// Unless it is submitted, and for who answered.
    pub fn may_review(self, is_own: bool) -> Result<(), Refusal> {
        match self {
            Self::Submitted if is_own => Err(Refusal::Own),
            Self::Submitted => Ok(()),
            _ => Err(Refusal::NotSubmitted),
        }
    }

    /// The state after a decision, given what was said of each submitted answer.
    ///
    /// # Errors
    /// As [`Self::may_review`], and for a decision that the verdicts contradict.
    pub fn decided(self, decision: Decision, is_own: bool, verdicts: &[Option<Verdict>]) -> Result<Self, Refusal> {
        self.may_review(is_own)?;
        let is = |wanted| move |verdict: &Option<Verdict>| *verdict == Some(wanted);
        match decision {
            Decision::Approved if !verdicts.iter().all(is(Verdict::Accepted)) => Err(Refusal::NotAccepted),
            Decision::ChangesRequested if !verdicts.iter().any(is(Verdict::ChangeRequested)) => Err(Refusal::NoChange),
            Decision::Approved => Ok(Self::Approved),
            Decision::ChangesRequested => Ok(Self::ChangesRequested),
        }
    }
}

/// How many months an approval holds.
const VALID_MONTHS: Months = Months::new(12);
/// So many days before an approval expires, its partner is told; and once it has expired.
const NOTICES: [i64; 4] = [60, 30, 14, 0];

/// So many weeks after an approval expired, the designation may be withdrawn for it.
const WEEKS_UNTIL_WITHDRAWAL: i64 = 4;
/// So many days ahead a withdrawal is announced.
const DAYS_OF_WITHDRAWAL_NOTICE: i64 = 28;

/// From when on the designation may be withdrawn because this approval expired (SPEC section 3).
pub fn may_withdraw_from(expires: DateTime<Utc>) -> DateTime<Utc> {
    expires
        .checked_add_signed(TimeDelta::weeks(WEEKS_UNTIL_WITHDRAWAL))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// When a withdrawal that is announced at this time comes into effect (SPEC section 3).
pub fn withdrawal_takes_effect(announced: DateTime<Utc>) -> DateTime<Utc> {
    announced
        .checked_add_signed(TimeDelta::days(DAYS_OF_WITHDRAWAL_NOTICE))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// When an approval of this time expires.
pub fn expires_at(approved: DateTime<Utc>) -> DateTime<Utc> {
    approved
        .checked_add_months(VALID_MONTHS)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A notice is due now of each approval that expires until then, and of no other.
pub fn expiring_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_add_signed(TimeDelta::days(NOTICES[0]))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The notice that is due now for an approval that expires then, in days before it: the latest, when one was missed, and 0 once
/// it has expired. `None` before the first.
pub fn notice_due(expires: DateTime<Utc>, now: DateTime<Utc>) -> Option<i64> {
    let left = expires - now;
    NOTICES.into_iter().rev().find(|days| left <= TimeDelta::days(*days))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("this is a time")
    }

    #[test]
    fn keys_are_stable() {
        let states: Vec<_> = State::ALL.iter().map(|state| state.as_str()).collect();
        assert_eq!(states, ["draft", "submitted", "changes_requested", "approved"]);
        let decisions: Vec<_> = Decision::ALL.iter().map(|decision| decision.as_str()).collect();
        assert_eq!(decisions, ["changes_requested", "approved"]);
        let verdicts: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
        assert_eq!(verdicts, ["accepted", "change_requested"]);
    }

    #[test]
    fn a_complete_document_is_submitted_and_then_left_alone() {
        for state in [State::Draft, State::ChangesRequested, State::Approved] {
            assert_eq!(state.may_answer(), Ok(()));
            assert_eq!(state.submitted(true), Ok(State::Submitted));
            assert_eq!(state.submitted(false), Err(Refusal::Incomplete));
            assert_eq!(state.may_review(false), Err(Refusal::NotSubmitted));
        }
        assert_eq!(State::Submitted.may_answer(), Err(Refusal::WithReviewers));
        assert_eq!(State::Submitted.submitted(true), Err(Refusal::WithReviewers));
    }

    #[test]
    fn a_decision_agrees_with_what_was_said_of_the_answers() {
        let (fine, change) = (Some(Verdict::Accepted), Some(Verdict::ChangeRequested));
        let decided = |decision, verdicts: &[_]| State::Submitted.decided(decision, false, verdicts);
        assert_eq!(decided(Decision::Approved, &[fine, fine]), Ok(State::Approved));
        assert_eq!(decided(Decision::Approved, &[fine, None]), Err(Refusal::NotAccepted));
        assert_eq!(decided(Decision::Approved, &[fine, change]), Err(Refusal::NotAccepted));
        assert_eq!(
            decided(Decision::ChangesRequested, &[change, None]),
            Ok(State::ChangesRequested)
        );
        assert_eq!(
            decided(Decision::ChangesRequested, &[fine, None]),
            Err(Refusal::NoChange)
        );
        let own = State::Submitted.decided(Decision::Approved, true, &[fine]);
        assert_eq!(own, Err(Refusal::Own));
        assert_eq!(
            State::Draft.decided(Decision::Approved, false, &[fine]),
            Err(Refusal::NotSubmitted)
        );
    }

    #[test]
    fn an_approval_holds_twelve_months() {
        assert_eq!(expires_at(at("2026-11-23T10:00:00Z")), at("2027-11-23T10:00:00Z"));
        assert_eq!(expires_at(at("2028-02-29T10:00:00Z")), at("2029-02-28T10:00:00Z"));
        assert_eq!(expires_at(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn a_withdrawal_waits_four_weeks_and_is_announced_28_days_ahead() {
        let expires = at("2027-11-23T10:00:00Z");
        let from = may_withdraw_from(expires);
        assert_eq!(from, at("2027-12-21T10:00:00Z"));
        assert_eq!(withdrawal_takes_effect(from), at("2028-01-18T10:00:00Z"));
        assert_eq!(may_withdraw_from(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
        assert_eq!(
            withdrawal_takes_effect(DateTime::<Utc>::MAX_UTC),
            DateTime::<Utc>::MAX_UTC
        );
    }

    #[test]
    fn notices_are_due_60_30_and_14_days_before_and_at_the_end() {
        let expires = at("2027-11-23T10:00:00Z");
        let due = |text| notice_due(expires, at(text));
        assert_eq!(due("2027-09-24T09:59:59Z"), None);
        assert_eq!(due("2027-09-24T10:00:00Z"), Some(60));
        assert_eq!(due("2027-10-24T09:59:59Z"), Some(60));
        assert_eq!(due("2027-10-24T10:00:00Z"), Some(30));
        assert_eq!(due("2027-11-09T10:00:00Z"), Some(14));
        assert_eq!(due("2027-11-23T09:59:59Z"), Some(14));
        assert_eq!(due("2027-11-23T10:00:00Z"), Some(0));
        assert_eq!(due("2029-01-01T00:00:00Z"), Some(0));
        let farthest = expiring_until(at("2027-09-24T10:00:00Z"));
        assert_eq!(
            farthest,
            at("2027-11-23T10:00:00Z"),
            "where a notice is due for the first time"
        );
        assert_eq!(expiring_until(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC);
    }
}
