//! The metrics of a series: a month, a day in five minutes, an hour in minutes and probes.

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use rampart_app::model::{
    BucketRow, Chart, LatencyChart, LatencyPoint, MetricsLevel, MetricsPage, MetricsQuery, MinuteRow, SeriesChoice,
};
use rampart_domain::{
    access::{Action, Actor},
    count::{Counts, Histogram, Minute, MinuteCounts, MinuteRange},
    exclusion::Ledger,
    sli::Group,
};

use super::{
    super::{Error, Result, Service, figures::series_ref},
    charts::{BUCKET, Charted, HOUR, MONTH, date, millis, reason},
    rows,
};
use crate::store::{Scope, counts, ledger, overviews, probes, series::Series};

impl Service {
    pub(super) async fn metrics_page(&self, actor: &Actor, key: &str, query: MetricsQuery) -> Result<MetricsPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let headed = self.head(actor, &app).await?;
        let all_series = &headed.series;
        let selected = match &query.series {
            Some(id) => Some(
                all_series
                    .iter()
                    .find(|s| s.id.to_string() == *id)
                    .ok_or(Error::NotFound)?,
            ),
            // The day of an app with one series needs no more than the day.
            None if query.day.is_some() || query.until.is_some() => {
                all_series.iter().find(|s| s.ended_at.is_none()).or(all_series.first())
            }
            None => None,
        };
        // As on the dashboard: production first, what has ended last.
        let mut in_order: Vec<&Series> = all_series.iter().collect();
        in_order.sort_by_key(|s| (s.ended_at.is_some(), s.key.group));
        let choices = in_order.into_iter().map(|s| SeriesChoice {
            id: s.id.to_string(),
            name: choice(s),
            selected: selected.is_some_and(|chosen| chosen.id == s.id),
        });
        let mut page = MetricsPage {
            head: headed.head.clone(),
            series: choices.collect(),
            card: None,
            chart: None,
            latency: None,
            level: None,
            groups: Vec::new(),
        };
        let Some(series) = selected else {
            page.groups = self.series_groups(actor, &headed).await?;
            return Ok(page);
        };
        let one = std::slice::from_ref(series);
        page.card = self.series_cards(actor, &headed, one).await?.pop();
        // What is shown of the past is shown with the target that it had.
        let last = query.day.or(query.until).map(|date| day_range(date).end);
        let shown = last.map_or(self.clock.minute(), |end| end.min(self.clock.minute()));
        let policies = self.policies().await?;
        let policies = policies.at(shown);
        let objective = policies.for_sli(series.key.sli);
        // Synthetic results have no objective, hence no chart with a target; their tables are like those of page loads.
        let policy = objective.unwrap_or(&policies.slis.iframe_load);
        let ledger = ledger::in_force(
            &self.store.portal,
            Some(app.id),
            MinuteRange::new(Minute(0), self.clock.minute() + 1),
        )
        .await?;
        let charted = Charted {
            series,
            policy,
            ledger: &ledger,
            scope,
            app_key: &app.key,
        };
        match (query.day, query.hour) {
            (None, _) => {
                (page.chart, page.level) = self.month_level(&charted, query.until).await?;
                page.latency = page.level.as_ref().and_then(latency_by_day);
            }
            (Some(date), None) => {
                page.latency = self.latency_by_hour(&charted, date).await?;
                page.chart = Some(
                    self.chart(&charted, day_range(date), date.format("%-d %B %Y").to_string())
                        .await?,
                );
                page.level = Some(self.day_level(&charted, date).await?);
            }
            (Some(date), Some(hour)) => page.level = Some(self.hour_level(&charted, date, hour).await?),
        }
        if objective.is_none() {
            page.chart = None;
        }
        Ok(page)
    }

    /// The last 28 days, or those that end with `until`.
    async fn month_level(
        &self,
        charted: &Charted<'_>,
        until: Option<NaiveDate>,
    ) -> Result<(Option<Chart>, Option<MetricsLevel>)> {
        let today = rows::day_of(self.clock.now());
        let href = |last: i64| {
            let until = if last < today {
                format!("&until={}", date(last))
            } else {
                String::new()
            };
            format!("/apps/{}/metrics?series={}{until}", charted.app_key, charted.series.id)
        };
        let until = until.map(|date| day_range(date).start.day()).filter(|day| *day < today);
        let last = until.unwrap_or(today);
        let (chart, days) = match until {
            None => self.month(charted).await?,
            Some(last) => {
                let range = MinuteRange::new(Minute::of_day(last + 1 - MONTH), Minute::of_day(last + 1));
                let title = format!(
                    "{} to {}",
                    date(last + 1 - MONTH).format("%-d %B"),
                    date(last).format("%-d %B %Y")
                );
                let days = self.day_rows(charted, range).await?;
                (Some(self.chart(charted, range, title).await?), days)
            }
        };
        let first = counts::first_minute(&self.store.metrics, charted.series.id).await?;
        let level = MetricsLevel::Month {
            until: until.map(date),
            previous: first
                .filter(|first| first.day() <= last - MONTH)
                .map(|_| href(last - MONTH)),
            next: (last < today).then(|| href(last + MONTH)),
            days,
        };
        Ok((chart, Some(level)))
    }

    async fn day_level(&self, charted: &Charted<'_>, date: NaiveDate) -> Result<MetricsLevel> {
        let range = day_range(date);
        let length = self.resolution(range.start);
        let found = self.timed_buckets(charted.series, range, length).await?;
        let href = |date: NaiveDate| {
            format!(
                "/apps/{}/metrics?series={}&day={date}",
                charted.app_key, charted.series.id
            )
        };
        let last = range.end.min(self.clock.minute());
        let mut buckets = Vec::new();
        let mut start = range.start;
        while start < last {
            let part = MinuteRange::new(start, start + length);
            let (counts, latency) = found.get(&start).cloned().unwrap_or_default();
            let quantile = |q| latency.quantile(q).map(millis);
            let excluded = charted.ledger.excluded_ranges(series_ref(charted.series), part);
            buckets.push(BucketRow {
                from: start.start(),
                good: counts.good,
                bad: counts.bad,
                percent: counts.percent(),
                p50_ms: quantile(0.5),
                p95_ms: quantile(0.95),
                p99_ms: quantile(0.99),
                excluded: excluded.first().map(|e| reason(e.entry.kind, &e.entry.authority)),
                href: (length == BUCKET).then(|| format!("{}&hour={}", href(date), start.start().format("%-H"))),
            });
            start = part.end;
        }
        let today = self.clock.now().date_naive();
        Ok(MetricsLevel::Day {
            date,
            by_hour: length > BUCKET,
            previous: date.checked_sub_days(Days::new(1)).map(href),
            next: date
                .checked_add_days(Days::new(1))
                .filter(|next| *next <= today)
                .map(href),
            buckets,
        })
    }

    /// Counts and latencies of one day, in stretches of so many minutes: five while minutes are kept, then an hour or the day.
    async fn timed_buckets(
        &self,
        series: &Series,
        range: MinuteRange,
        length: i64,
    ) -> Result<HashMap<Minute, (Counts, Histogram)>> {
        let mut found: HashMap<Minute, (Counts, Histogram)> = HashMap::new();
        if length > BUCKET {
            for hour in self.hours(series, range, length).await? {
                found.insert(hour.0, (hour.1, hour.2));
            }
            return Ok(found);
        }
        for record in overviews::records(&self.store.metrics, series.id, range.start.day()).await? {
            let start = record.minute - record.minute.0.rem_euclid(length);
            let (counts, latency) = found.entry(start).or_default();
            *counts += record.all;
            latency.merge(&record.latency);
        }
        Ok(found)
    }

    /// The hours of a day, or, where those are no longer kept, the day.
    async fn hours(
        &self,
        series: &Series,
        range: MinuteRange,
        length: i64,
    ) -> Result<Vec<(Minute, Counts, Histogram)>> {
        let (db, first, end) = (&self.store.metrics, range.start, range.end);
        if length == HOUR {
            let hours = counts::hours(db, series.id, first.0.div_euclid(HOUR), end.0.div_euclid(HOUR)).await?;
            return Ok(hours
                .into_iter()
                .map(|h| (Minute(h.hour * HOUR), h.counts, h.latency))
                .collect());
        }
        let days = overviews::days(db, &[series.id], first.day(), end.day()).await?;
        let days = days.into_values().flatten();
        Ok(days.map(|d| (Minute::of_day(d.day), d.counts, d.latency)).collect())
    }

    /// The latencies of a day by the hour, while hours are kept.
    async fn latency_by_hour(&self, charted: &Charted<'_>, date: NaiveDate) -> Result<Option<LatencyChart>> {
        let range = day_range(date);
        let hours = self.hours(charted.series, range, HOUR).await?;
        let points = hours.iter().filter_map(|(start, _, latency)| {
            let quantile = |q| latency.quantile(q).map(|d| d.as_secs_f64() * 1_000.0);
            Some(LatencyPoint {
                at: start.start(),
                p50: quantile(0.5)?,
                p95: quantile(0.95)?,
                p99: quantile(0.99)?,
            })
        });
        let chart = LatencyChart {
            title: format!("Latency by the hour, {}", date.format("%-d %B %Y")),
            from: range.start.start(),
            to: range.end.start(),
            step: 3_600,
            points: points.collect(),
        };
        Ok(Some(chart).filter(|chart| !chart.points.is_empty()))
    }

    async fn hour_level(&self, charted: &Charted<'_>, date: NaiveDate, hour: u32) -> Result<MetricsLevel> {
        let time = NaiveTime::from_hms_opt(hour, 0, 0).ok_or(Error::NotFound)?;
        let from = date.and_time(time).and_utc();
        let range = MinuteRange::new(Minute::of(from), Minute::of(from) + 60);
        let href = |at: DateTime<Utc>| {
            format!(
                "/apps/{}/metrics?series={}&day={}&hour={}",
                charted.app_key,
                charted.series.id,
                at.date_naive(),
                at.format("%-H")
            )
        };
        let minutes = counts::minutes(&self.store.metrics, charted.series.id, range).await?;
        let probes = probes::within(&self.store.metrics, charted.series.id, range, false, 200).await?;
        let next = from + TimeDelta::hours(1);
        Ok(MetricsLevel::Hour {
            from,
            day_href: format!(
                "/apps/{}/metrics?series={}&day={date}",
                charted.app_key, charted.series.id
            ),
            previous: Some(href(from - TimeDelta::hours(1))),
            next: (next <= self.clock.now()).then(|| href(next)),
            minutes: minutes
                .iter()
                .map(|m| minute_row(charted.ledger, charted.series, m))
                .collect(),
            probes: probes.iter().map(rows::probe).collect(),
        })
    }
}

/// The latencies of a month by the day, out of its table.
fn latency_by_day(level: &MetricsLevel) -> Option<LatencyChart> {
    let MetricsLevel::Month { days, .. } = level else {
        return None;
    };
    let points = days.iter().filter_map(|day| {
        Some(LatencyPoint {
            at: day.date.and_time(NaiveTime::MIN).and_utc(),
            p50: day.p50_ms? as f64,
            p95: day.p95_ms? as f64,
            p99: day.p99_ms? as f64,
        })
    });
    let points: Vec<LatencyPoint> = points.collect();
    let (from, to) = (points.first()?.at, points.last()?.at + TimeDelta::days(1));
    Some(LatencyChart {
        title: "Latency by day".to_owned(),
        from,
        to,
        step: 86_400,
        points,
    })
}

/// What a series is called among those of its app.
pub(super) fn choice(series: &Series) -> String {
    let mut name = rows::indicator(&series.key);
    if !series.key.target.is_empty() {
        name = format!("{name} · {}", rows::short_url(&series.key.target));
    }
    if series.key.group == Group::Dfr {
        name.push_str(" · developer first rollout");
    }
    if series.ended_at.is_some() {
        name.push_str(" (no longer measured)");
    }
    name
}

pub(super) fn minute_row(ledger: &Ledger, series: &Series, minute: &MinuteCounts) -> MinuteRow {
    let excluded = ledger.exclusion(series_ref(series), minute.minute);
    MinuteRow {
        at: minute.minute.start(),
        good: minute.all.good,
        bad: minute.all.bad,
        excluded: excluded.map(|e| reason(e.kind, &e.authority)),
    }
}

fn day_range(date: NaiveDate) -> MinuteRange {
    MinuteRange::of_day(Minute::of(date.and_time(NaiveTime::MIN).and_utc()).day())
}
