use chrono::{DateTime, NaiveDate, Utc};
use rampart_domain::{
    action::{ActionKind, ActionState, Priority, Step},
    escalation::State,
};

use super::{AppHead, Thread};

/// A remediation plan of an app, and the ones before (SPEC section 6).
#[derive(Clone, Debug, PartialEq)]
pub struct RemediationPage {
    pub head: AppHead,
    /// `None` while the app was never in remediation.
    pub plan: Option<PlanView>,
    /// The other plans, the latest first.
    pub others: Vec<PlanRow>,
}

/// A plan with its actions and its thread.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanView {
    /// Its address; forms post below it.
    pub base: String,
    pub opened_at: DateTime<Utc>,
    /// `None` while the app is in remediation or proposed for demotion.
    pub closed_at: Option<DateTime<Utc>>,
    /// Where the app stands.
    pub state: Option<State>,
    /// By when everything has to be verified, while the app is in remediation.
    pub deadline: Option<DateTime<Utc>>,
    /// Whether the deadline stands still.
    pub paused: bool,
    /// When it became known that everything is verified.
    pub completed_at: Option<DateTime<Utc>>,
    pub contact: Option<ContactRef>,
    /// (account, name) of everybody who can be the contact, for whoever assigns one.
    pub contacts: Vec<(String, String)>,
    pub verified: u64,
    /// How many actions are verified or still have to be.
    pub asked: u64,
    pub actions: Vec<ActionView>,
    /// The members of the partner, for whoever proposes an action.
    pub owners: Vec<(String, String)>,
    pub may_propose: bool,
    pub thread: Thread,
}

/// Whom the partner asks at the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRef {
    pub account: String,
    pub name: String,
    pub mail: String,
}

/// An action of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionView {
    pub id: String,
    pub title: String,
    /// Safe HTML; empty where nothing was written.
    pub description: String,
    pub owner: String,
    pub kind: ActionKind,
    pub priority: Priority,
    pub due: Option<NaiveDate>,
    /// Whether it should have been done by now.
    pub overdue: bool,
    /// Whether it is due after the deadline of the remediation.
    pub late: bool,
    pub tracker: Option<String>,
    pub state: ActionState,
    pub version: i64,
    /// Whom it waits for, in words.
    pub waits_for: Option<&'static str>,
    /// What was done with it, the first first.
    pub steps: Vec<StepRow>,
    /// What the reader may do with it, or why it cannot be done by them.
    pub offers: Vec<Offer>,
    /// What is proposed, for whoever may change it.
    pub edit: Option<ActionFields>,
}

/// A step of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    pub step: Step,
    pub by: String,
    pub at: DateTime<Utc>,
    /// The evidence or the reason, as safe HTML; empty where there is none.
    pub html: String,
}

/// Something that the reader may do with an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub step: Step,
    /// Why this reader cannot.
    pub obstacle: Option<String>,
}

/// An action as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionFields {
    pub title: String,
    pub description: String,
    /// The id of a member, or empty.
    pub owner: String,
    /// Somebody without an account.
    pub owner_name: String,
    pub kind: String,
    pub priority: String,
    /// A day, "2026-11-23".
    pub due: String,
    pub tracker: String,
}

/// Another plan of the same app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    pub href: String,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub verified: u64,
    pub asked: u64,
}
