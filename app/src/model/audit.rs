use chrono::{DateTime, NaiveDate, Utc};

/// What the audit page is narrowed to; empty texts mean all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub who: String,
    pub action: String,
    pub subject: String,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// Show rows before this sequence number (paging).
    pub before: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AuditPage {
    pub filter: AuditFilter,
    pub rows: Vec<AuditRow>,
    /// Every action there is, for the filter.
    pub actions: Vec<String>,
    /// Sequence number to go on from.
    pub next: Option<i64>,
    /// Whether the hash chain of all rows was found whole; `None` for readers who see a part of it only.
    pub chain: Option<Result<u64, String>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub who: String,
    /// "app.measuring_started".
    pub action: String,
    /// What it was done to, readable.
    pub subject: String,
    pub partner: Option<String>,
    /// One line per changed field: name, before, after.
    pub changes: Vec<(String, String, String)>,
    pub why: Option<String>,
    pub address: Option<String>,
}
