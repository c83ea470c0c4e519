use chrono::{DateTime, Utc};

use super::{AppHead, Chart, MailRow, MinuteRow, ProbeRow};

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    Ok,
    /// No data for 24 hours.
    Unknown,
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
    pub href: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct BreachList {
    pub head: AppHead,
    pub rows: Vec<BreachRow>,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
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
    /// How many bad events make this breach count: max(2, 5 % of the 28-day budget).
    pub counting_threshold: u64,
    /// Around the episode.
    pub chart: Option<Chart>,
    /// Minutes with bad events, the latest 200 at most.
    pub minutes: Vec<MinuteRow>,
    pub probes: Vec<ProbeRow>,
    pub mails: Vec<MailRow>,
}
