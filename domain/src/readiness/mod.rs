//! The readiness document of an app (SPEC section 3): what is asked, what an answer is, and what may happen to the whole.

mod answer;
mod definition;
mod life;
mod queue;

pub use answer::{Answer, AnswerError, Day, Hours, LONGEST_ANSWER, Typed, Unit, fingerprint};
pub use definition::{
    Answers, Area, Choice, Condition, Definition, DefinitionError, Kind, Progress, Question, STANDARD,
};
pub use life::{
    Decision, Refusal, State, Verdict, expires_at, expiring_until, may_withdraw_from, notice_due,
    withdrawal_takes_effect,
};
pub use queue::Group;
