use chrono::{DateTime, Utc};

use super::{State, expiring_until};
use crate::sli::text_key;

text_key! {
    /// What a document in the reviewers' queue waits for; each is in one group alone (SPEC section 3).
    pub enum Group, "group of readiness documents" {
        /// For a reviewer.
        Review = "review",
        /// Its approval has expired, and no other document was submitted.
        Expired = "expired",
        /// For the changes that a reviewer asked for.
        Changes = "changes",
        /// Its approval expires soon.
        Expiring = "expiring",
    }
}

impl Group {
    /// What a document in this state waits for, whose last approval expires or expired then; `None` where nothing is due.
    pub fn of(state: State, expires: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Self> {
        match (state, expires) {
            (State::Submitted, _) => Some(Self::Review),
            (_, Some(expires)) if expires <= now => Some(Self::Expired),
            (State::ChangesRequested, _) => Some(Self::Changes),
            (_, Some(expires)) if expires <= expiring_until(now) => Some(Self::Expiring),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_document_waits_for_one_thing() {
        let now: DateTime<Utc> = "2027-01-01T00:00:00Z".parse().expect("this is a time");
        let second = TimeDelta::seconds(1);
        let soon = expiring_until(now);
        for (state, expires, group) in [
            (State::Draft, None, None),
            (State::Submitted, None, Some(Group::Review)),
            (State::Submitted, Some(now), Some(Group::Review)),
            (State::ChangesRequested, None, Some(Group::Changes)),
            (State::ChangesRequested, Some(soon), Some(Group::Changes)),
            (State::ChangesRequested, Some(now), Some(Group::Expired)),
            (State::Approved, Some(now), Some(Group::Expired)),
            (State::Approved, Some(now + second), Some(Group::Expiring)),
            (State::Approved, Some(soon), Some(Group::Expiring)),
            (State::Approved, Some(soon + second), None),
        ] {
            assert_eq!(Group::of(state, expires, now), group, "{state} {expires:?}");
        }
    }
}
