use chrono::{DateTime, NaiveDate, Utc};

use super::{AppHead, AppState, Budget, Outlook, PartnerRef};

/// One column of a chart: the lowest and the highest rate in it, percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartPoint {
    pub at: DateTime<Utc>,
    pub low: f64,
    pub high: f64,
}

/// A span that is left out of the figures, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct ExcludedSpan {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub reason: String,
}

/// A rate over time. Columns without data are missing from `points`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// "App availability, 26 October to 23 November".
    pub title: String,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Seconds that one point covers.
    pub step: i64,
    /// Seconds that one rate covers: five minutes, or an hour or a day where minutes are no longer kept.
    pub resolution: i64,
    /// Target in percent.
    pub slo: f64,
    pub points: Vec<ChartPoint>,
    pub excluded: Vec<ExcludedSpan>,
    /// Spans of breaches; an open one ends at `to`.
    pub breaches: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

/// One day in the table beside the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct DayRow {
    pub date: NaiveDate,
    pub good: u64,
    pub bad: u64,
    /// Adjusted percent; `None` without counted events.
    pub percent: Option<f64>,
    pub excluded_minutes: u32,
    /// Minutes without any event, up to now.
    pub silent_minutes: u32,
    pub breaches: u32,
    pub p50_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    pub p99_ms: Option<u64>,
    /// Its figures in more detail, while those are kept.
    pub href: Option<String>,
}

/// One stretch of five minutes, or an hour of a day whose minutes are no longer kept.
#[derive(Clone, Debug, PartialEq)]
pub struct BucketRow {
    pub from: DateTime<Utc>,
    pub good: u64,
    pub bad: u64,
    pub percent: Option<f64>,
    pub p50_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    pub p99_ms: Option<u64>,
    pub excluded: Option<String>,
    /// Its minutes, while those are kept.
    pub href: Option<String>,
}

/// One minute.
#[derive(Clone, Debug, PartialEq)]
pub struct MinuteRow {
    pub at: DateTime<Utc>,
    pub good: u64,
    pub bad: u64,
    /// Why the minute is left out of the figures, when it is.
    pub excluded: Option<String>,
}

/// One probe in full detail. Durations are milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeRow {
    pub at: DateTime<Utc>,
    pub good: bool,
    /// Whether it is a measurement; one that failed on the portal's own side is counted nowhere.
    pub counted: bool,
    /// "200", "503", or the class of the error.
    pub outcome: String,
    /// The exact reason of a failure.
    pub reason: Option<String>,
    pub address: Option<String>,
    pub dns_ms: Option<f64>,
    pub connect_ms: Option<f64>,
    pub tls_ms: Option<f64>,
    pub first_byte_ms: Option<f64>,
    pub total_ms: f64,
}

/// An hour in which an error budget was spent.
#[derive(Clone, Debug, PartialEq)]
pub struct SpentRow {
    pub from: DateTime<Utc>,
    pub bad: u64,
    pub good: u64,
    /// Minutes of the hour with a bad event.
    pub bad_minutes: u32,
    /// Of the allowed bad events; 1.0 is the whole budget. `None` when not even one is allowed.
    pub share: Option<f64>,
    /// Its minutes, and its probes where it has some.
    pub href: String,
}

/// A stretch that is left out of an error budget.
#[derive(Clone, Debug, PartialEq)]
pub struct ExcludedRow {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub minutes: u64,
    pub good: u64,
    pub bad: u64,
    /// Why, and on whose authority.
    pub reason: String,
    /// The minutes of its first hour.
    pub href: String,
}

/// Where the error budget of a series went, over the 28 days of its objective.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetPage {
    pub head: AppHead,
    /// The series that have a budget: (name, address, whether it is this one).
    pub choices: Vec<(String, String, bool)>,
    pub name: String,
    pub slo: f64,
    /// Without what is excluded, percent.
    pub month: Option<f64>,
    /// As measured, percent.
    pub month_raw: Option<f64>,
    pub budget: Budget,
    pub budget_raw: Budget,
    pub outlook: Outlook,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// What cost most first; one page of them.
    pub rows: Vec<SpentRow>,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
    pub excluded: Vec<ExcludedRow>,
    pub excluded_minutes: u64,
    /// This page.
    pub href: String,
    /// The metrics of the series.
    pub series_href: String,
}

/// Latencies of one stretch of time, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatencyPoint {
    pub at: DateTime<Utc>,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// Latencies over time. Stretches without any are missing from `points`.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyChart {
    pub title: String,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Seconds that one point covers.
    pub step: i64,
    pub points: Vec<LatencyPoint>,
}

/// Which iframe events of an app count (SPEC section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceInUse {
    /// The app sent events of its own in the last 15 minutes.
    Own,
    /// Those of the platform.
    Generic,
}

/// Iframe events over 24 hours, in the minutes in which the app's own ones counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volumes {
    pub own: u64,
    /// Those of the platform, which they replaced.
    pub generic: u64,
}

impl Volumes {
    /// Whether the app's own events are fewer than half or more than twice the generic ones (SPEC section 2).
    pub fn differ(self) -> bool {
        self.own.saturating_mul(2) < self.generic || self.own > self.generic.saturating_mul(2)
    }
}

/// One series at a glance. Counts and latencies are of 28 days.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesCard {
    /// "Jira Iframe Load Success Rate".
    pub name: String,
    /// The base URL.
    pub target: Option<String>,
    pub href: String,
    /// Percent; `None` for what has no objective.
    pub slo: Option<f64>,
    /// Adjusted percent.
    pub month: Option<f64>,
    /// Percent as measured.
    pub month_raw: Option<f64>,
    /// Without excused minutes.
    pub good: u64,
    pub bad: u64,
    /// The adjusted percent of each of 28 days, the last one is today.
    pub trend: Vec<Option<f64>>,
    pub p50_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    pub p99_ms: Option<u64>,
    /// The budget, that of the figures as measured, and the address of where it went.
    pub budget: Option<(Budget, Budget, String)>,
    pub outlook: Outlook,
    pub breach_since: Option<DateTime<Utc>>,
    /// For iframe loads.
    pub source: Option<SourceInUse>,
    /// For staff, where own events counted within 24 hours.
    pub volumes: Option<Volumes>,
    pub complete_until: Option<DateTime<Utc>>,
}

/// The series of an app that stand together.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesGroup {
    /// "Production", "Developer first rollout", "No longer measured".
    pub name: &'static str,
    pub cards: Vec<SeriesCard>,
}

/// How the apps of the overview are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LevelsOrder {
    #[default]
    Name,
    /// The worst state first.
    State,
    /// The least error budget of this column first; a place in [`LevelsPage::columns`].
    Column(u8),
}

/// What the overview is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelsQuery {
    /// Part of the name or key of an app, or of the name of its partner.
    pub search: String,
    /// The id of a partner.
    pub partner: Option<String>,
    pub order: LevelsOrder,
    /// From 1.
    pub page: u32,
}

/// How an app does by one SLI: the worst of its products and base URLs.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelCell {
    /// Which one that is, where the app has several: "Jira", or a base URL.
    pub of: Option<String>,
    pub slo: f64,
    /// Adjusted percent over 28 days.
    pub month: Option<f64>,
    /// Whether that is at or above the target; `None` without data.
    pub is_met: Option<bool>,
    /// Of the error budget; negative when overspent.
    pub budget_share: Option<f64>,
    /// The link to the figures of the series.
    pub href: String,
    /// Since when a breach of this SLI is open, of whichever product or base URL; the longest of them.
    pub breach_since: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LevelsRow {
    pub key: String,
    pub name: String,
    pub partner: String,
    pub state: AppState,
    /// One for each column; `None` where the app has no such series.
    pub cells: Vec<Option<LevelCell>>,
}

/// Apps by SLIs at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelsPage {
    /// The partner it is narrowed to.
    pub partner: Option<PartnerRef>,
    pub search: String,
    pub shows_partner: bool,
    /// Names of the SLIs.
    pub columns: Vec<&'static str>,
    pub rows: Vec<LevelsRow>,
    pub order: LevelsOrder,
    /// Whether there are few enough apps to order them by their figures.
    pub may_order: bool,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
}

/// A series to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesChoice {
    pub id: String,
    pub name: String,
    pub selected: bool,
}

/// What was asked for: nothing is the last 28 days, `until` the 28 days that end with that one, a day its five-minute
/// figures, a day and an hour its minutes and probes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsQuery {
    pub series: Option<String>,
    pub until: Option<NaiveDate>,
    pub day: Option<NaiveDate>,
    pub hour: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum MetricsLevel {
    Month {
        /// The last day, where it is not today.
        until: Option<NaiveDate>,
        previous: Option<String>,
        next: Option<String>,
        days: Vec<DayRow>,
    },
    Day {
        date: NaiveDate,
        /// The minutes are no longer kept; a bucket is an hour.
        by_hour: bool,
        previous: Option<String>,
        next: Option<String>,
        buckets: Vec<BucketRow>,
    },
    Hour {
        from: DateTime<Utc>,
        day_href: String,
        previous: Option<String>,
        next: Option<String>,
        minutes: Vec<MinuteRow>,
        probes: Vec<ProbeRow>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetricsPage {
    pub head: AppHead,
    pub series: Vec<SeriesChoice>,
    /// The series that is shown, its target and what became of its budget; `None` for all series at a glance.
    pub card: Option<SeriesCard>,
    /// `None` before the first figure, and on the hour level.
    pub chart: Option<Chart>,
    /// `None` without latencies, and on the hour level.
    pub latency: Option<LatencyChart>,
    pub level: Option<MetricsLevel>,
    /// All series at a glance, when none is chosen.
    pub groups: Vec<SeriesGroup>,
}
