use chrono::{DateTime, Utc};

use super::{AppHead, BreachRow, Standing};

/// One excluded interval (SPEC section 5).
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    pub id: String,
    /// (key, name); `None` for all apps.
    pub app: Option<(String, String)>,
    /// "App availability", "Webhook delivery, Jira", "all series".
    pub series: String,
    pub target: Option<String>,
    pub from: DateTime<Utc>,
    /// The first minute that is not excluded.
    pub to: DateTime<Utc>,
    /// "planned downtime".
    pub kind: String,
    /// What it rests on.
    pub authority: String,
    /// The person; `None` when Rampart entered it by itself.
    pub entered_by: Option<String>,
    pub entered_at: DateTime<Utc>,
    pub revoked: Option<Revoked>,
    /// The page of the entry.
    pub href: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Revoked {
    pub at: DateTime<Utc>,
    pub by: Option<String>,
    pub why: String,
}

/// What the ledger is narrowed to, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerFilter {
    /// Part of the name or key of an app.
    pub search: String,
    /// The key of a kind; empty for all.
    pub kind: String,
    /// "in_force", "revoked", or empty for both.
    pub state: String,
    /// From 1.
    pub page: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LedgerPage {
    pub rows: Vec<LedgerRow>,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
    pub filter: LedgerFilter,
    /// (key, name).
    pub kinds: Vec<(String, String)>,
    pub may_file: bool,
}

/// What is excluded of one app.
#[derive(Clone, Debug, PartialEq)]
pub struct AppLedger {
    pub head: AppHead,
    pub rows: Vec<LedgerRow>,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
    /// Whether only one entry was asked for.
    pub narrowed: bool,
}

/// What a change of the ledger does, before it is done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LedgerEffect {
    /// The series with events in its minutes; the first of them where there are many.
    pub series: Vec<SeriesEffect>,
    /// How many there are.
    pub total_series: u64,
    /// The breaches whose standing changes.
    pub breaches: Vec<BreachEffect>,
    /// The missed targets that become excused, or no longer are.
    pub misses: Vec<MissEffect>,
}

/// One series, over 28 days, in percent; `None` where nothing is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesEffect {
    pub app: String,
    pub indicator: String,
    pub target: Option<String>,
    pub slo: f64,
    pub raw: Option<f64>,
    pub before: Option<f64>,
    pub after: Option<f64>,
    /// Bad events that are not excluded.
    pub bad_before: u64,
    pub bad_after: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BreachEffect {
    pub app: String,
    pub row: BreachRow,
    pub after: Standing,
    /// Bad events that would not be excluded.
    pub bad_after: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissEffect {
    pub app: String,
    pub indicator: String,
    pub since: DateTime<Utc>,
    /// Whether it is excused with the change.
    pub excused: bool,
}

/// A waiver as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaiverDraft {
    pub app: String,
    pub all_apps: bool,
    pub sli: String,
    pub product: String,
    pub target: String,
    pub from: String,
    pub to: String,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WaiverPage {
    pub draft: WaiverDraft,
    /// (key, name) of what can be chosen.
    pub slis: Vec<(String, String)>,
    pub products: Vec<(String, String)>,
    /// What it does, once it is complete.
    pub effect: Option<LedgerEffect>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntryPage {
    pub row: LedgerRow,
    /// What revoking it does, for whoever may.
    pub effect: Option<LedgerEffect>,
}
