use chrono::{DateTime, Utc};
use rampart_domain::escalation::{EscalationPolicy, Rule, State};

use super::{AppHead, PartnerRef};

/// The ladder of an app (SPEC section 6).
#[derive(Clone, Debug, PartialEq)]
pub struct EscalationPage {
    pub head: AppHead,
    /// `None` while no fact is known of the app, and while its facts contradict each other.
    pub ladder: Option<Ladder>,
    /// Why the engine has stopped for this app; the reader is told so, and staff what it is.
    pub error: Option<String>,
    /// Its decisions, the latest first.
    pub decisions: Vec<DecisionRow>,
    /// The numbers in force.
    pub policy: EscalationPolicy,
    /// What the reader may decide here, or why it cannot be decided now.
    pub acts: Vec<Act>,
    /// What an appeal can be about, each with the id it has in forms.
    pub appealable: Vec<(String, CountingRow)>,
    /// The appeal that waits for a decision.
    pub appeal: Option<OpenAppeal>,
    /// The appeals that were decided, the latest first.
    pub appeals: Vec<DecidedAppeal>,
    /// The fact at which the engine has stopped, for whoever may set it aside.
    pub at_fault: Option<String>,
    /// The facts that were set aside, the latest first.
    pub set_aside: Vec<SetAsideRow>,
    /// How many required items of the approval's checklist are to be done, while its ticket is open and some are.
    pub open_items: Option<u64>,
    /// Link to the public record; `None` for an app that never carried the designation.
    pub record_href: Option<String>,
}

/// A fact that is left out of everything, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAsideRow {
    pub at: DateTime<Utc>,
    pub fact: String,
    pub what: String,
    pub why: String,
}

/// An appeal that waits for a decision, and what granting it would do.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAppeal {
    pub since: DateTime<Utc>,
    pub why: String,
    /// What it names.
    pub about: Vec<CountingRow>,
    /// Where the app would stand, by the engine itself.
    pub if_granted: State,
    /// The end of the remediation then.
    pub deadline: Option<DateTime<Utc>>,
    /// The waivers that would be filed.
    pub waivers: Vec<WaiverRow>,
    /// What they would excuse besides what the appeal names.
    pub besides: Vec<CountingRow>,
    /// What the appeal names and no waiver can excuse.
    pub beyond: Vec<CountingRow>,
}

/// The minutes of a series that a waiver covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverRow {
    pub series: String,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// An appeal, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedAppeal {
    pub opened_at: DateTime<Utc>,
    pub opened_why: String,
    pub at: DateTime<Utc>,
    pub granted: bool,
    pub why: String,
    pub effect: String,
}

/// Where an app stands, and what is next.
#[derive(Clone, Debug, PartialEq)]
pub struct Ladder {
    pub state: State,
    pub since: Option<DateTime<Utc>>,
    /// The end of a remediation, as far as pauses have put it off until now.
    pub deadline: Option<DateTime<Utc>>,
    pub clears: Option<DateTime<Utc>>,
    /// From when on a demoted app may be taken back, or given the designation again.
    pub cools_off: Option<DateTime<Utc>>,
    pub appeal_open: bool,
    pub app_frozen: bool,
    pub all_frozen: bool,
    /// When the freeze of all apps thaws by itself.
    pub thaws: Option<DateTime<Utc>>,
    /// How far it is to the next step, one sentence each.
    pub outlook: Vec<String>,
    pub counting: Vec<CountingRow>,
}

impl Ladder {
    pub fn is_paused(&self) -> bool {
        self.appeal_open || self.app_frozen || self.all_frozen
    }
}

/// A breach or a miss that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountingRow {
    pub is_miss: bool,
    /// As facts name it: "availability/https://…".
    pub series: String,
    pub at: DateTime<Utc>,
    pub ended: Option<DateTime<Utc>>,
    pub href: String,
}

/// One step of an app on the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    pub at: DateTime<Utc>,
    pub from: State,
    pub to: State,
    pub rule: Rule,
    pub policy_version: u64,
    pub explanation: String,
    /// Link to its receipt.
    pub href: String,
}

/// Something that a person can decide about an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActKind {
    Designate,
    Withdraw,
    ConfirmDemotion,
    DeclineDemotion,
    Reinstate,
    OpenAppeal,
    CloseAppeal,
    Freeze,
    Thaw,
}

impl ActKind {
    pub const ALL: [Self; 9] = [
        Self::ConfirmDemotion,
        Self::DeclineDemotion,
        Self::CloseAppeal,
        Self::OpenAppeal,
        Self::Designate,
        Self::Reinstate,
        Self::Thaw,
        Self::Freeze,
        Self::Withdraw,
    ];

    /// As it stands in addresses.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Designate => "designate",
            Self::Withdraw => "withdraw",
            Self::ConfirmDemotion => "confirm-demotion",
            Self::DeclineDemotion => "decline-demotion",
            Self::Reinstate => "take-back",
            Self::OpenAppeal => "appeal",
            Self::CloseAppeal => "close-appeal",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
        }
    }
}

/// Something that the reader may decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub kind: ActKind,
    /// What it is a decision on, so that a page that has been open for long decides on nothing else.
    pub about: String,
    /// Why it cannot be decided now.
    pub obstacle: Option<String>,
}

/// What a decision rests on, so that anybody can compute it again.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptPage {
    pub head: AppHead,
    pub decision: DecisionRow,
    pub recorded_at: DateTime<Utc>,
    /// In the order of the facts.
    pub facts: Vec<FactRow>,
    /// SHA-256 of the policy and the facts, in hex.
    pub inputs: String,
    /// The time of the decision as `rampart replay` takes it.
    pub until: String,
    /// Download of the policy at the beginning.
    pub policy_href: String,
    /// Download of the facts up to the decision.
    pub facts_href: String,
}

/// A fact, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRow {
    pub id: String,
    pub at: DateTime<Utc>,
    pub what: String,
    pub href: Option<String>,
}

/// What the board is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoardFilter {
    /// The key of a state; empty for all.
    pub state: String,
    /// Part of an app's or partner's name, or of an app's key.
    pub search: String,
    /// From 1.
    pub page: u32,
}

/// Every app in the programme (SPEC section 6).
#[derive(Clone, Debug, PartialEq)]
pub struct EscalationBoard {
    pub rows: Vec<BoardRow>,
    /// How many there are with this filter.
    pub total: u64,
    pub page: u32,
    pub pages: u32,
    pub filter: BoardFilter,
    /// How many apps are in each state, whatever the filter says.
    pub states: Vec<(State, u64)>,
    /// The freeze of every app, while there is one.
    pub freeze: Option<FreezeOfAll>,
    /// The appeals that wait for a decision, the oldest first.
    pub appeals: Vec<WaitingAppeal>,
    /// Whether the reader freezes and thaws every app.
    pub may_freeze: bool,
}

/// An appeal that waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingAppeal {
    pub app_key: String,
    pub app_name: String,
    pub since: DateTime<Utc>,
}

/// Why every app is frozen, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreezeOfAll {
    pub since: DateTime<Utc>,
    /// Who froze it; `None` for the portal itself.
    pub by: Option<String>,
    pub why: String,
    /// When it thaws by itself; `None` when a person has to thaw it.
    pub thaws: Option<DateTime<Utc>>,
    pub kept: Option<KeptFreeze>,
}

/// That a freeze of the portal's own stays until a person thaws it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFreeze {
    pub by: String,
    pub at: DateTime<Utc>,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardRow {
    pub app_key: String,
    pub app_name: String,
    pub partner: PartnerRef,
    pub state: State,
    pub since: Option<DateTime<Utc>>,
    pub deadline: Option<DateTime<Utc>>,
    pub clears: Option<DateTime<Utc>>,
    pub paused: bool,
    pub error: Option<String>,
}
