use chrono::{DateTime, Utc};
use rampart_domain::readiness::{Decision, Group, Kind, State, Typed, Verdict};

use super::{AppHead, PartnerRef, Thread};

/// The readiness document of an app (SPEC section 3).
#[derive(Clone, Debug, PartialEq)]
pub struct ReadinessPage {
    pub head: AppHead,
    /// Its address; forms post below it.
    pub base: String,
    pub standing: ReadinessStanding,
    pub areas: Vec<ReadinessArea>,
    /// (key, text) of the required questions without an answer.
    pub missing: Vec<(String, String)>,
    /// What was decided on the last submission.
    pub decided: Option<ReadinessDecision>,
    /// Whether the reader may answer now.
    pub may_answer: bool,
    /// Whether the reader may submit once nothing is missing, as far as the state allows it.
    pub may_submit: bool,
    /// Whether the reader reviews documents.
    pub may_review: bool,
    /// Of the designation, while one is announced.
    pub withdrawal: Option<AnnouncedWithdrawal>,
    /// What a program manager may do about an expired document.
    pub withdrawing: Withdrawing,
}

/// A withdrawal of the designation that was announced because the document expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedWithdrawal {
    pub by: String,
    pub at: DateTime<Utc>,
    pub effective: DateTime<Utc>,
    pub why: String,
}

/// What the reader may do about the designation of an app whose document expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withdrawing {
    /// It is not theirs to decide, or nothing expired.
    Nothing,
    /// It cannot be announced now, with the reason.
    NotNow(String),
    Announce,
    CallOff,
}

/// Where a document stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessStanding {
    pub state: State,
    /// Of the required questions.
    pub answered: u64,
    pub required: u64,
    pub submitted_at: Option<DateTime<Utc>>,
    /// The last sign-off: when it was given, and until when it holds.
    pub approved: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Whether that has expired.
    pub expired: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReadinessArea {
    pub title: String,
    pub why: String,
    pub questions: Vec<ReadinessQuestion>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReadinessQuestion {
    pub key: String,
    /// Whether it is asked, given the answers. What was typed to one that is not is shown all the same when it was refused.
    pub asked: bool,
    pub text: String,
    pub help: String,
    pub required: bool,
    pub kind: Kind,
    /// 0 while nothing was saved.
    pub version: i64,
    /// What one would type to give the saved answer.
    pub typed: Typed,
    pub shown: ShownAnswer,
    /// Who saved last, and when.
    pub saved: Option<(String, DateTime<Utc>)>,
    /// The change that a reviewer asked for, while it is not made.
    pub request: Option<ReadinessNote>,
    /// What is talked about at it.
    pub talk: Talk,
}

/// How much was said at a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    pub comments: u64,
    /// Whether it was resolved and nothing was said since.
    pub resolved: bool,
}

/// What is talked about at one question.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadinessQuestionPage {
    pub head: AppHead,
    /// The address of the document.
    pub base: String,
    pub key: String,
    pub text: String,
    pub help: String,
    /// As it is saved now.
    pub shown: ShownAnswer,
    pub saved: Option<(String, DateTime<Utc>)>,
    pub thread: Thread,
    /// Who resolved it and when, unless something was said since.
    pub resolved: Option<(String, DateTime<Utc>)>,
    /// Whether the reader reviews documents.
    pub may_review: bool,
}

/// An answer to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownAnswer {
    Nothing,
    /// Safe HTML.
    Prose(String),
    Words(String),
    /// An address of http or https.
    Link(String),
}

/// What somebody wrote about an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessNote {
    /// Safe HTML.
    pub html: String,
    pub by: String,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadinessDecision {
    pub decision: Decision,
    pub reason: String,
    pub by: String,
    pub at: DateTime<Utc>,
    /// Of what was decided on, in hexadecimal.
    pub sha256: String,
}

/// The review of a document, for staff.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadinessReviewPage {
    pub head: AppHead,
    pub base: String,
    /// `None` before anything was submitted.
    pub submission: Option<ReviewedSubmission>,
}

/// The latest submission of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewedSubmission {
    /// From 1.
    pub number: i64,
    pub by: String,
    pub at: DateTime<Utc>,
    pub sha256: String,
    pub areas: Vec<ReviewedArea>,
    /// How many answers there are, and how many were accepted.
    pub answers: u64,
    pub accepted: u64,
    /// How many nothing was said of.
    pub unread: u64,
    /// How many conversations are not resolved.
    pub open_talks: u64,
    /// `None` while it waits for one.
    pub decided: Option<ReadinessDecision>,
    /// Whether the reader had a hand in it and therefore may not review it.
    pub own: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReviewedArea {
    pub title: String,
    pub why: String,
    pub answers: Vec<ReviewedAnswer>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReviewedAnswer {
    pub key: String,
    pub text: String,
    pub shown: ShownAnswer,
    /// What changed since the previous submission; `None` where there is none.
    pub since_previous: Option<AnswerChange>,
    /// What changed since the last sign-off, where that is not the previous submission.
    pub since_signed: Option<AnswerChange>,
    pub verdict: Option<Verdict>,
    /// Who said so, and when.
    pub said: Option<(String, DateTime<Utc>)>,
    /// As it was written, for the form.
    pub note: String,
    /// Of verdict and note, so that the form tells what was changed.
    pub fingerprint: String,
    /// Safe HTML.
    pub note_html: String,
    /// What is talked about at it.
    pub talk: Talk,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerChange {
    Same,
    /// It was not answered then.
    New,
    Lines(Vec<DiffLine>),
}

/// A line that was added, taken away, or neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    pub sign: DiffSign,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffSign {
    Same,
    Added,
    Removed,
}

/// What the queue is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadinessFilter {
    /// The key of a [`Group`]; all of them when empty.
    pub group: String,
    /// Part of the name or key of the app, or of the partner's name.
    pub search: String,
    /// From 1.
    pub page: u32,
}

/// The documents that wait for somebody, for staff.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadinessQueue {
    pub rows: Vec<ReadinessRow>,
    /// How many there are with this filter; `rows` is one page of them.
    pub total: u64,
    pub page: u32,
    pub pages: u32,
    pub filter: ReadinessFilter,
    pub groups: Vec<(Group, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReadinessRow {
    pub app_key: String,
    pub app_name: String,
    pub partner: PartnerRef,
    pub group: Group,
    /// When it was submitted, when changes were requested, or when the approval expires or expired.
    pub at: DateTime<Utc>,
    /// Whole days until then; below zero since then.
    pub days: i64,
    /// When the designation is withdrawn, where that is announced.
    pub withdrawal: Option<DateTime<Utc>>,
    /// From when on that may be announced, of an expired document.
    pub may_withdraw_from: Option<DateTime<Utc>>,
}
