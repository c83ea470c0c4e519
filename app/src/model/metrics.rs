use chrono::{DateTime, NaiveDate, Utc};

use super::AppHead;

/// One column of a chart: the lowest and the highest five-minute rate in it, percent.
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
    /// `None` before the first figure, and on the hour level.
    pub chart: Option<Chart>,
    pub level: Option<MetricsLevel>,
}
