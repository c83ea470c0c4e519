//! Conversations: one thread for each subject that a partner and the platform talk about (SPEC sections 3, 4 and 6).

use crate::sli::text_key;

text_key! {
    /// What a thread is about, together with the subject's id.
    pub enum SubjectKind, "subject of a thread" {
        RemediationPlan = "remediation_plan",
        /// The approval of an app; its id is that of the app, so that the conversation goes on from one ticket to the next.
        Approval = "approval",
        /// A question of a readiness document; its id is that of the conversation.
        ReadinessQuestion = "readiness_question",
    }
}

/// How many characters a comment has at most.
pub const LONGEST_COMMENT: usize = 20_000;
/// How many comments a thread has at most; so many are shown on one page.
pub const MOST_COMMENTS: usize = 500;
/// How often a comment can be written anew, the first time included.
pub const MOST_VERSIONS: i64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_stable() {
        let keys: Vec<_> = SubjectKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(keys, ["remediation_plan", "approval", "readiness_question"]);
    }
}
