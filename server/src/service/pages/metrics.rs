//! The metrics of a series: a month, a day in five minutes, an hour in minutes and probes.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use rampart_app::model::{BucketRow, MetricsLevel, MetricsPage, MetricsQuery, MinuteRow, SeriesChoice};
use rampart_domain::{
    access::{Action, Actor},
    count::{Counts, Minute, MinuteCounts, MinuteRange},
    exclusion::Ledger,
    policy::MeasurementPolicy,
};

use super::{
    super::{Error, Result, Service, figures::series_ref},
    charts::{Charted, reason},
    rows,
};
use crate::store::{Scope, counts, ledger, probes, series::Series};

const BUCKET: i64 = 5;

impl Service {
    pub(super) async fn metrics_page(&self, actor: &Actor, key: &str, query: MetricsQuery) -> Result<MetricsPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let (head, all_series, _) = self.head(actor, &app).await?;
        let selected = match &query.series {
            Some(id) => Some(
                all_series
                    .iter()
                    .find(|s| s.id.to_string() == *id)
                    .ok_or(Error::NotFound)?,
            ),
            None => all_series.iter().find(|s| s.ended_at.is_none()).or(all_series.first()),
        };
        let choices = all_series.iter().map(|s| SeriesChoice {
            id: s.id.to_string(),
            name: match s.ended_at {
                None => format!("{} · {}", rows::indicator(&s.key), rows::short_url(&s.key.target)),
                Some(_) => format!(
                    "{} · {} (no longer measured)",
                    rows::indicator(&s.key),
                    rows::short_url(&s.key.target)
                ),
            },
            selected: selected.is_some_and(|chosen| chosen.id == s.id),
        });
        let mut page = MetricsPage {
            head,
            series: choices.collect(),
            chart: None,
            level: None,
        };
        let Some(series) = selected else { return Ok(page) };
        let policy = MeasurementPolicy::standard();
        let Some(policy) = policy.for_sli(series.key.sli) else {
            return Ok(page);
        };
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
                let (chart, days) = self.month(scope, &app.key, series, &ledger).await?;
                page.chart = chart;
                page.level = Some(MetricsLevel::Month { days });
            }
            (Some(date), None) => {
                page.chart = Some(
                    self.chart(&charted, day_range(date), date.format("%-d %B %Y").to_string())
                        .await?,
                );
                page.level = Some(self.day_level(&charted, date).await?);
            }
            (Some(date), Some(hour)) => page.level = Some(self.hour_level(&charted, date, hour).await?),
        }
        Ok(page)
    }

    async fn day_level(&self, charted: &Charted<'_>, date: NaiveDate) -> Result<MetricsLevel> {
        let range = day_range(date);
        let minutes = counts::minutes(&self.store.metrics, charted.series.id, range).await?;
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
            let part = MinuteRange::new(start, start + BUCKET);
            let counts: Counts = minutes.iter().filter(|m| part.contains(m.minute)).map(|m| m.all).sum();
            let excluded = charted.ledger.excluded_ranges(series_ref(charted.series), part);
            buckets.push(BucketRow {
                from: start.start(),
                good: counts.good,
                bad: counts.bad,
                percent: counts.percent(),
                excluded: excluded.first().map(|e| reason(e.entry.kind, &e.entry.authority)),
                href: format!("{}&hour={}", href(date), start.start().format("%-H")),
            });
            start = part.end;
        }
        let today = self.clock.now().date_naive();
        Ok(MetricsLevel::Day {
            date,
            previous: date.checked_sub_days(Days::new(1)).map(href),
            next: date
                .checked_add_days(Days::new(1))
                .filter(|next| *next <= today)
                .map(href),
            buckets,
        })
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
    let start = Minute::of(date.and_time(NaiveTime::MIN).and_utc());
    MinuteRange::new(start, start + 24 * 60)
}
