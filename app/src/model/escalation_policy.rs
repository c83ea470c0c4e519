//! The escalation policy: its versions, the form of the next one, and what a draft of it would have made of every app.

use chrono::{DateTime, Utc};
use rampart_domain::escalation::{EscalationPolicy, State};

use super::{PolicyChange, PolicyVersion};

/// A number of the escalation policy, in the form and where versions are compared.
#[derive(Clone, Copy, Debug)]
pub struct EscalationNumber {
    /// As the document calls it.
    pub name: &'static str,
    /// The step it belongs to.
    pub about: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub smallest: u64,
    pub largest: u64,
}

const fn number(
    name: &'static str,
    about: &'static str,
    label: &'static str,
    help: &'static str,
    range: (u64, u64),
) -> EscalationNumber {
    EscalationNumber {
        name,
        about,
        label,
        help,
        smallest: range.0,
        largest: range.1,
    }
}

/// Ten years.
const DAYS: (u64, u64) = (0, 3_650);
const QUIET_DAYS: (u64, u64) = (1, 3_650);
const BREACHES: (u64, u64) = (1, 1_000);

impl EscalationNumber {
    /// What people read of `demotion.automatic`.
    pub const AUTOMATIC: &'static str = "demotion.automatic";

    /// Every number, in the order of the document (`escalation.md`, "Policy").
    pub const ALL: [Self; 10] = [
        number(
            "remediation.breaches",
            "Remediation",
            "Breaches",
            "So many counting breaches within the window bring a notified app into remediation.",
            BREACHES,
        ),
        number(
            "remediation.window_days",
            "Remediation",
            "Window, days",
            "How far back they are looked for.",
            DAYS,
        ),
        number(
            "remediation.slo_missed_days",
            "Remediation",
            "Missed target, days",
            "A target that has been missed for so long brings it there too.",
            DAYS,
        ),
        number(
            "demotion.deadline_days",
            "Demotion",
            "Deadline, days",
            "How long a remediation may take before a demotion is proposed.",
            DAYS,
        ),
        number(
            "demotion.further_breaches",
            "Demotion",
            "Further breaches",
            "So many after the days of grace lead to a proposal too.",
            BREACHES,
        ),
        number(
            "demotion.grace_days",
            "Demotion",
            "Days of grace",
            "Breaches on the first days of a remediation are not among the further ones.",
            DAYS,
        ),
        number(
            "recovery.clear_quiet_days",
            "Recovery",
            "Quiet days when notified",
            "So long after the last end a notified app is in good standing again.",
            QUIET_DAYS,
        ),
        number(
            "recovery.recover_quiet_days",
            "Recovery",
            "Quiet days in remediation",
            "So long after the last end an app with a completed plan is in good standing again.",
            QUIET_DAYS,
        ),
        number(
            "reinstatement.cool_off_days",
            "Reinstatement",
            "Wait, days",
            "How long after a demotion an app can be taken back.",
            DAYS,
        ),
        number(
            "transition_days",
            "Transition",
            "Days",
            "For so long after this version takes over, what it tightens waits for the rules before it.",
            DAYS,
        ),
    ];
}

/// The escalation policy as everybody may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationRulesPage {
    /// The version in force.
    pub policy: EscalationPolicy,
    /// Since when; `None` for the standard, which has held since the beginning.
    pub since: Option<DateTime<Utc>>,
    /// Until when tighter rules wait for those of the versions before.
    pub transition_ends: Option<DateTime<Utc>>,
    /// Those that will hold later, in order.
    pub planned: Vec<PolicyVersion>,
    /// Every version that was published, the latest first.
    pub versions: Vec<PolicyVersion>,
    pub may_publish: bool,
}

/// What the next version of the escalation policy begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationEditor {
    /// The version that was published last, on which the next one is based.
    pub base: u64,
    /// What the fields show: that version, or the draft that somebody goes on with.
    pub policy: EscalationPolicy,
    /// When the draft is to take over.
    pub starts: Option<DateTime<Utc>>,
    /// When the latest version starts, if that lies ahead.
    pub planned: Option<DateTime<Utc>>,
}

/// How far a replay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhatIfStatus {
    Waiting,
    /// So many apps of so many; of none before they were counted.
    Running {
        done: u64,
        total: u64,
    },
    Finished,
    Cancelled,
}

/// The stored history of all apps, replayed under a draft (SPEC section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIfPage {
    pub id: String,
    /// What the draft will be called.
    pub version: u64,
    pub base: u64,
    pub by: String,
    pub asked_at: DateTime<Utc>,
    /// The time up to which history is replayed; `None` before it has begun.
    pub as_of: Option<DateTime<Utc>>,
    /// `None`: as soon as it is published.
    pub starts: Option<DateTime<Utc>>,
    /// The end of its transition, if it is published now or takes over as planned.
    pub transition_ends: DateTime<Utc>,
    pub transition_days: u64,
    pub changes: Vec<PolicyChange>,
    /// Versions with their starts that will not come into force, because this one replaces them.
    pub replaces: Vec<(u64, DateTime<Utc>)>,
    pub status: WhatIfStatus,
    /// How many apps are in each state now, and how many would be had the draft held from the beginning.
    pub states: Vec<(State, u64, u64)>,
    /// How many apps differ; the rows are a page of them.
    pub differing: u64,
    pub rows: Vec<WhatIfRow>,
    pub page: u32,
    pub pages: u32,
    /// Apps that were left out, because their facts contradict each other.
    pub stopped: u64,
    /// Why the draft cannot be published.
    pub obstacle: Option<String>,
}

/// An app that the draft moves, or would have moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIfRow {
    pub app_key: String,
    pub app_name: String,
    pub partner: String,
    pub state: State,
    /// Had the draft held from the beginning.
    pub by_draft: State,
    /// At the end of the draft's transition if nothing further happens, without it and with it.
    pub later: State,
    pub later_with_draft: State,
    /// How many decisions differ, and the time of the first.
    pub decisions: u64,
    pub first_at: Option<DateTime<Utc>>,
}

/// One app of a replay, decision by decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIfAppPage {
    pub id: String,
    pub version: u64,
    pub as_of: DateTime<Utc>,
    pub transition_ends: DateTime<Utc>,
    pub row: WhatIfRow,
    /// Every decision of either side, in order of time.
    pub decisions: Vec<WhatIfDecision>,
}

/// A decision that was made, or that the draft would have made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIfDecision {
    pub at: DateTime<Utc>,
    pub from: State,
    pub to: State,
    pub explanation: String,
    pub side: WhatIfSide,
}

/// Who comes to a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhatIfSide {
    Both,
    /// It was made, and the draft would not have.
    Falls,
    /// Only the draft would have made it.
    Comes,
}
