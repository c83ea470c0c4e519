//! The metrics of a series: a month, a day in five minutes, an hour in minutes and probes.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use rampart_app::model::{BucketRow, Chart, MetricsLevel, MetricsPage, MetricsQuery, MinuteRow, SeriesChoice};
use rampart_domain::{
    access::{Action, Actor},
    count::{MINUTES_PER_DAY, Minute, MinuteCounts, MinuteRange},
    exclusion::Ledger,
    policy::SLO_WINDOW,
    sli::Group,
};

use super::{
    super::{Error, Result, Service, figures::series_ref},
    apps::Headed,
    charts::{BUCKET, Charted, date, reason},
    rows,
};
use crate::store::{Scope, counts, ledger, probes, series::Series};

/// Days of a month in the programme's sense.
const MONTH: i64 = SLO_WINDOW as i64 / MINUTES_PER_DAY;

impl Service {
    pub(super) async fn metrics_page(&self, actor: &Actor, key: &str, query: MetricsQuery) -> Result<MetricsPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let Headed {
            head,
            series: all_series,
            ..
        } = self.head(actor, &app).await?;
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
            name: choice(s),
            selected: selected.is_some_and(|chosen| chosen.id == s.id),
        });
        let mut page = MetricsPage {
            head,
            series: choices.collect(),
            chart: None,
            level: None,
        };
        let Some(series) = selected else { return Ok(page) };
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
            (None, _) => (page.chart, page.level) = self.month_level(&charted, query.until).await?,
            (Some(date), None) => {
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
        let found = self.buckets(charted.series, range, length).await?;
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
            let counts = found
                .iter()
                .find(|b| b.start == start)
                .map(|b| b.counts)
                .unwrap_or_default();
            let excluded = charted.ledger.excluded_ranges(series_ref(charted.series), part);
            buckets.push(BucketRow {
                from: start.start(),
                good: counts.good,
                bad: counts.bad,
                percent: counts.percent(),
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

/// What a series is called among those of its app.
fn choice(series: &Series) -> String {
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
