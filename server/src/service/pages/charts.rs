//! Figures for charts and their tables.

use chrono::{DateTime, NaiveDate, Utc};
use rampart_app::model::{Chart, ChartPoint, DayRow, ExcludedSpan};
use rampart_domain::{
    count::{MINUTES_PER_DAY, Minute, MinuteRange},
    exclusion::{ExclusionKind, Ledger},
    policy::{HOURS_KEPT, MINUTES_KEPT, SLO_WINDOW, SliPolicy},
};

use super::{
    super::{Result, Service, figures::series_ref},
    rows::indicator,
};
use crate::store::{Scope, counts, counts::Bucket, episodes, overviews, series::Series};

/// A chart has at most this many columns; with the lowest and highest of each that makes 1,100 points (SPEC section 8).
const COLUMNS: u64 = 550;
/// Rates are shown at this resolution, in minutes, while minutes are kept; then by the hour, then by the day.
pub(super) const BUCKET: i64 = 5;
pub(super) const HOUR: i64 = 60;
/// Days of a month in the programme's sense.
pub(super) const MONTH: i64 = SLO_WINDOW as i64 / MINUTES_PER_DAY;

/// What a series is charted with.
pub(super) struct Charted<'a> {
    pub series: &'a Series,
    pub policy: &'a SliPolicy,
    pub ledger: &'a Ledger,
    pub scope: Scope,
    pub app_key: &'a str,
}

impl Service {
    /// Minutes per figure at the finest resolution that is still kept from `start` on.
    pub(super) fn resolution(&self, start: Minute) -> i64 {
        match self.clock.minute() {
            now if start.day() >= (now - MINUTES_KEPT).day() => BUCKET,
            now if start >= now - HOURS_KEPT => HOUR,
            _ => MINUTES_PER_DAY,
        }
    }

    /// What was counted in a series within `range`, in stretches of that many minutes; of [`Service::resolution`].
    pub(super) async fn buckets(&self, series: &Series, range: MinuteRange, length: i64) -> Result<Vec<Bucket>> {
        let db = &self.store.metrics;
        let (first, end) = (
            range.start.0.div_euclid(length),
            (range.end + (length - 1)).0.div_euclid(length),
        );
        let bucket = |number: i64, counts| Bucket {
            start: Minute(number * length),
            counts,
        };
        Ok(match length {
            HOUR => {
                let hours = counts::hours(db, series.id, first, end).await?;
                hours.into_iter().map(|hour| bucket(hour.hour, hour.counts)).collect()
            }
            MINUTES_PER_DAY => {
                let days = counts::days(db, series.id, first, end).await?;
                days.into_iter().map(|day| bucket(day.day, day.counts)).collect()
            }
            _ => counts::buckets(db, series.id, range, length).await?,
        })
    }

    /// The rates of a series over `range`, as columns of lowest and highest.
    pub(super) async fn chart(&self, charted: &Charted<'_>, range: MinuteRange, title: String) -> Result<Chart> {
        let length = self.resolution(range.start);
        // Buckets begin at whole stretches of time, and so does the chart.
        let range = MinuteRange::new(Minute(range.start.0 - range.start.0.rem_euclid(length)), range.end);
        let buckets = self.buckets(charted.series, range, length).await?;
        let all_buckets = range.len().div_ceil(length.unsigned_abs());
        let step = length * i64::try_from(all_buckets.div_ceil(COLUMNS).max(1)).unwrap_or(1);
        let episodes =
            episodes::of_series_since(&self.store.portal, charted.scope, charted.series.id, range.start).await?;
        let breaches = episodes.iter().filter(|e| e.episode.opened_at < range.end).map(|e| {
            let end = e.closed.map_or_else(|| self.clock.minute(), |(tick, _)| tick);
            (e.episode.opened_at.max(range.start).start(), end.min(range.end).start())
        });
        let excluded = charted.ledger.excluded_ranges(series_ref(charted.series), range);
        Ok(Chart {
            title: format!("{}, {title}", indicator(&charted.series.key)),
            from: range.start.start(),
            to: range.end.start(),
            step: step * 60,
            resolution: length * 60,
            slo: charted.policy.slo.percent(),
            points: columns(&buckets, range.start, step),
            excluded: excluded
                .into_iter()
                .map(|e| ExcludedSpan {
                    from: e.range.start.start(),
                    to: e.range.end.start(),
                    reason: reason(e.entry.kind, &e.entry.authority),
                })
                .collect(),
            breaches: breaches.collect(),
        })
    }

    /// One row per day of `range`, in order.
    pub(super) async fn day_rows(&self, charted: &Charted<'_>, range: MinuteRange) -> Result<Vec<DayRow>> {
        let (first, end) = (range.start.day(), (range.end - 1).day() + 1);
        let one = std::slice::from_ref(charted.series);
        let by_series = overviews::days(&self.store.metrics, &[charted.series.id], first, end).await?;
        let mut adjusted = self.adjusted_days(one, charted.ledger, &by_series).await?;
        let adjusted = adjusted.remove(&charted.series.id).unwrap_or_default();
        let days = by_series.get(&charted.series.id).map_or(&[][..], Vec::as_slice);
        let whole = MinuteRange::new(Minute::of_day(first), Minute::of_day(end));
        let episodes =
            episodes::of_series_since(&self.store.portal, charted.scope, charted.series.id, whole.start).await?;
        let begun = Minute::of(charted.series.created_at);
        let mut rows = Vec::with_capacity(days.len());
        for number in first..end {
            let range = MinuteRange::of_day(number);
            let stored = days.iter().find(|d| d.day == number);
            let Some(measured) = range
                .intersect(MinuteRange::new(begun, self.clock.minute()))
                .filter(|r| !r.is_empty())
            else {
                continue;
            };
            let counts = adjusted
                .iter()
                .find(|d| d.day == number)
                .map(|d| d.counts)
                .unwrap_or_default();
            let spans = charted.ledger.excluded_ranges(series_ref(charted.series), range);
            let excluded: u64 = spans.iter().map(|s| s.range.len()).sum();
            let seen = stored.map_or(0, |d| d.minutes);
            let date = date(number);
            rows.push(DayRow {
                date,
                good: counts.good,
                bad: counts.bad,
                percent: counts.percent(),
                excluded_minutes: u32::try_from(excluded).unwrap_or(u32::MAX),
                silent_minutes: u32::try_from(measured.len().saturating_sub(seen)).unwrap_or(u32::MAX),
                breaches: u32::try_from(episodes.iter().filter(|e| range.contains(e.episode.opened_at)).count())
                    .unwrap_or(u32::MAX),
                p50_ms: stored.and_then(|d| d.latency.quantile(0.5)).map(millis),
                p95_ms: stored.and_then(|d| d.latency.quantile(0.95)).map(millis),
                p99_ms: stored.and_then(|d| d.latency.quantile(0.99)).map(millis),
                href: (self.resolution(range.start) < MINUTES_PER_DAY).then(|| {
                    format!(
                        "/apps/{}/metrics?series={}&day={date}",
                        charted.app_key, charted.series.id
                    )
                }),
            });
        }
        Ok(rows)
    }
}

/// Why a span is left out, for people.
pub(super) fn reason(kind: ExclusionKind, authority: &str) -> String {
    let kind = match kind {
        ExclusionKind::PlannedDowntime => "planned downtime",
        ExclusionKind::PlatformFault => "platform fault",
        ExclusionKind::DataGap => "data gap",
        ExclusionKind::Waiver => "waiver",
    };
    format!("{kind}: {authority}")
}

pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The date of a day counted since 1970.
pub(super) fn date(day: i64) -> NaiveDate {
    DateTime::<Utc>::from_timestamp(day * 86_400, 0)
        .unwrap_or_default()
        .date_naive()
}

fn columns(buckets: &[Bucket], start: Minute, step: i64) -> Vec<ChartPoint> {
    let mut points: Vec<ChartPoint> = Vec::new();
    for bucket in buckets {
        let Some(percent) = bucket.counts.percent() else {
            continue;
        };
        let at = (start + (bucket.start - start).div_euclid(step) * step).start();
        match points.last_mut().filter(|p| p.at == at) {
            Some(point) => {
                point.low = point.low.min(percent);
                point.high = point.high.max(percent);
            }
            None => points.push(ChartPoint {
                at,
                low: percent,
                high: percent,
            }),
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use rampart_domain::count::Counts;

    use super::*;

    #[test]
    fn a_column_keeps_its_lowest_and_highest() {
        let bucket = |start, good, bad| Bucket {
            start: Minute(start),
            counts: Counts::new(good, bad),
        };
        let points = columns(
            &[bucket(0, 5, 0), bucket(5, 4, 1), bucket(10, 0, 0), bucket(20, 1, 1)],
            Minute(0),
            10,
        );
        let lows_highs: Vec<_> = points.iter().map(|p| (p.at.timestamp() / 60, p.low, p.high)).collect();
        assert_eq!(lows_highs, [(0, 80.0, 100.0), (20, 50.0, 50.0)]);
    }
}
