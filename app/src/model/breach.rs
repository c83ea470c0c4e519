use chrono::{DateTime, Utc};

use super::{AppHead, Chart, MailRow, MinuteRow, ProbeRow};

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    Ok,
    /// No data for 24 hours.
    Unknown,
}

/// A time in which a 28-day figure was below its target (SPEC section 2).
#[derive(Clone, Debug, PartialEq)]
pub struct MissRow {
    /// Whether the ledger has taken away what opened it.
    pub excused: bool,
    /// "App availability".
    pub indicator: String,
    pub target: Option<String>,
    pub since: DateTime<Utc>,
    pub ended: Option<DateTime<Utc>>,
    /// Since when the figure is on target again, while the miss is open.
    pub met_since: Option<DateTime<Utc>>,
    /// What was missed, percent.
    pub slo: f64,
    /// The 28-day figure when it opened, percent.
    pub rate: f64,
}

/// What the partner said of a breach (SPEC section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Why it was no emergency.
    pub note: String,
    pub by: String,
    pub at: DateTime<Utc>,
}

/// What a breach means for the app's standing (SPEC section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Mailed and kept, never counted.
    Blip,
    Counts,
    Excused,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BreachRow {
    pub incident_id: String,
    /// "App availability".
    pub indicator: String,
    pub target: Option<String>,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub closing: Option<Closing>,
    /// Lowest adjusted rate at an evaluation, percent.
    pub lowest: f64,
    pub standing: Standing,
    /// `None`: nobody has looked at it yet.
    pub assessment: Option<Assessment>,
    /// Its bad events, raw and without excluded minutes; `None` where they are not kept.
    pub bad: Option<(u64, u64)>,
    pub href: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BreachList {
    pub head: AppHead,
    pub rows: Vec<BreachRow>,
    /// The latest times in which a target was missed.
    pub misses: Vec<MissRow>,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
}

/// Counted breaches that lie within 6 h of each other: one breach to the escalation engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// Its name in decisions: the incident id of the breach that counted first.
    pub name: String,
    pub counted_at: DateTime<Utc>,
    /// 6 h after the last of its breaches ended.
    pub closed_at: Option<DateTime<Utc>>,
    pub excused: bool,
    /// All of its breaches, in the order in which they opened.
    pub breaches: Vec<BreachRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BreachPage {
    pub head: AppHead,
    pub row: BreachRow,
    /// "below 99.9 % over the past 15 min".
    pub condition: String,
    pub slo: f64,
    pub latest: f64,
    /// First minute of the window that opened the episode.
    pub window_from: DateTime<Utc>,
    /// Bad events since `window_from`, raw and without excluded minutes.
    pub bad: u64,
    pub bad_adjusted: u64,
    pub counted_at: Option<DateTime<Utc>>,
    /// The rate over all its minutes, raw and without excluded ones, percent; `None` where nothing is left.
    pub rate: Option<f64>,
    pub rate_adjusted: Option<f64>,
    /// What excludes some of its bad events: (in words, the entry).
    pub excluded_by: Vec<(String, String)>,
    /// What it counts as together with others.
    pub occurrence: Option<Occurrence>,
    /// How many bad events make this breach count: max(2, 5 % of the 28-day budget).
    pub counting_threshold: u64,
    /// Around the episode.
    pub chart: Option<Chart>,
    /// Minutes with bad events, the latest 200 at most.
    pub minutes: Vec<MinuteRow>,
    pub probes: Vec<ProbeRow>,
    pub mails: Vec<MailRow>,
    /// Whether the reader assesses it, for the partner.
    pub may_assess: bool,
    /// Raises with everything that is said of the breach; a form carries the version it was based on.
    pub assessment_version: i64,
}
