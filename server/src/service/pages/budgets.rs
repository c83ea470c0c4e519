//! Error budgets: what becomes of them, and where they went.

use std::collections::{BTreeMap, HashMap};

use rampart_app::model::{BudgetPage, ExcludedRow, Outlook, SpentRow};
use rampart_domain::{
    access::Actor,
    count::{Counts, Minute, MinuteCounts, MinuteRange},
    exclusion::Ledger,
    id::SeriesId,
    policy::Ppm,
    slo::{self, Budget, DayCounts},
};

use super::{
    super::{Error, Result, Service, figures::series_ref},
    PAGE,
    apps::Headed,
    charts::{HOUR, MONTH, date, reason},
    metrics::choice,
    pages, rows,
};
use crate::store::{
    counts::{self, Day},
    overviews,
    series::Series,
};

/// Where the budget of a series went.
pub(super) fn href(app_key: &str, series: SeriesId) -> String {
    format!("/apps/{app_key}/metrics/budget?series={series}")
}

/// The days of the last 28 of some series.
pub(super) struct MonthDays {
    /// The day on which it is asked.
    pub today: i64,
    /// As measured.
    pub raw: HashMap<SeriesId, Vec<Day>>,
    /// Without what is excluded.
    pub adjusted: HashMap<SeriesId, Vec<DayCounts>>,
}

impl MonthDays {
    /// What becomes of the budget of a series whose adjusted counts over 28 days are `month`.
    pub(super) fn outlook(&self, slo: Ppm, series: SeriesId, month: Counts) -> Outlook {
        let days = self.adjusted.get(&series).map_or(&[][..], Vec::as_slice);
        if !month.is_defined() {
            Outlook::default()
        } else if month.below(slo) {
            Outlook {
                exhausted_on: None,
                met_again_on: slo::met_again_on(slo, days, self.today).map(date),
            }
        } else {
            Outlook {
                exhausted_on: slo::exhausted_on(slo, days, self.today).map(date),
                met_again_on: None,
            }
        }
    }
}

impl Service {
    /// The last 28 days of these series, by day; two questions to the database, however many series there are.
    pub(super) async fn month_days(&self, series: &[Series], ledger: &Ledger) -> Result<MonthDays> {
        let today = rows::day_of(self.clock.now());
        let ids: Vec<SeriesId> = series.iter().map(|s| s.id).collect();
        let raw = overviews::days(&self.store.metrics, &ids, today + 1 - MONTH, today + 1).await?;
        let adjusted = self.adjusted_days(series, ledger, &raw).await?;
        Ok(MonthDays { today, raw, adjusted })
    }

    /// Where the error budget of a series went: its worst hours first, and what is excluded of it.
    pub(super) async fn budget_page(
        &self,
        actor: &Actor,
        key: &str,
        series: Option<&str>,
        page: u32,
    ) -> Result<BudgetPage> {
        let app = self.app(actor, key).await?;
        let Headed {
            head,
            series: all,
            standing,
            ledger,
            ..
        } = self.head(actor, &app).await?;
        let series = match series {
            Some(id) => all.iter().find(|s| s.id.to_string() == id && s.key.is_slo()),
            None => all.iter().find(|s| s.key.is_slo()),
        };
        let series = series.ok_or(Error::NotFound)?;
        let policies = self.policy_now().await?;
        let policy = policies.for_sli(series.key.sli).ok_or(Error::NotFound)?;
        let one = std::slice::from_ref(series);
        let month = match standing.months.get(&series.id) {
            Some(month) => *month,
            // One that ended is not assessed any more; its last 28 days are shown all the same.
            None => {
                let mut months = self.months(one, self.clock.minute(), &ledger).await?;
                months.remove(&series.id).unwrap_or_default()
            }
        };
        let range = slo::slo_window(self.clock.minute(), policy);
        let minutes = counts::minutes(&self.store.metrics, series.id, range).await?;
        let spent = Spent::of(&minutes, series, &ledger, range);
        let budget = Budget::of(policy.slo, month.adjusted);
        let total = spent.hours.len() as u64;
        let pages = pages(i64::try_from(total).unwrap_or(i64::MAX));
        let page = page.clamp(1, pages);
        let hour_href = |at: Minute| {
            format!(
                "/apps/{}/metrics?series={}&day={}&hour={}",
                app.key,
                series.id,
                at.start().date_naive(),
                at.start().format("%-H")
            )
        };
        let rows = spent
            .hours
            .into_iter()
            .skip(((page - 1) * PAGE) as usize)
            .take(PAGE as usize);
        let rows = rows.map(|hour| SpentRow {
            from: hour.start.start(),
            bad: hour.counts.bad,
            good: hour.counts.good,
            bad_minutes: hour.bad_minutes,
            // Of less than one event a share would say nothing.
            share: (budget.allowed_events() >= 1.0).then(|| hour.counts.bad as f64 / budget.allowed_events()),
            href: hour_href(hour.start),
        });
        let days = self.month_days(one, &ledger).await?;
        Ok(BudgetPage {
            choices: all
                .iter()
                .filter(|s| s.key.is_slo() && s.ended_at.is_none())
                .map(|s| (choice(s), href(&app.key, s.id), s.id == series.id))
                .collect(),
            name: choice(series),
            slo: policy.slo.percent(),
            month: month.adjusted.percent(),
            month_raw: month.raw.percent(),
            budget: rows::budget(policy.slo, month.adjusted, series.key.sli),
            budget_raw: rows::budget(policy.slo, month.raw, series.key.sli),
            outlook: days.outlook(policy.slo, series.id, month.adjusted),
            from: range.start.start(),
            to: range.end.start(),
            rows: rows.collect(),
            total,
            page,
            pages,
            excluded_minutes: spent.excluded.iter().map(|e| e.range.len()).sum(),
            excluded: spent
                .excluded
                .into_iter()
                .map(|e| ExcludedRow {
                    from: e.range.start.start(),
                    to: e.range.end.start(),
                    minutes: e.range.len(),
                    good: e.counts.good,
                    bad: e.counts.bad,
                    reason: e.reason,
                    href: hour_href(e.range.start),
                })
                .collect(),
            href: href(&app.key, series.id),
            series_href: format!("/apps/{}/metrics?series={}", app.key, series.id),
            head,
        })
    }
}

struct Hour {
    start: Minute,
    counts: Counts,
    bad_minutes: u32,
}

struct Excluded {
    range: MinuteRange,
    counts: Counts,
    reason: String,
}

/// Where bad events of a stretch of time were, and what of it is excluded.
struct Spent {
    /// Hours with a bad event that counts, the one with the most first, of equal ones the latest.
    hours: Vec<Hour>,
    /// The latest first.
    excluded: Vec<Excluded>,
}

impl Spent {
    fn of(minutes: &[MinuteCounts], series: &Series, ledger: &Ledger, range: MinuteRange) -> Self {
        let mut excluded: Vec<Excluded> = ledger
            .excluded_ranges(series_ref(series), range)
            .into_iter()
            .map(|e| Excluded {
                range: e.range,
                counts: Counts::default(),
                reason: reason(e.entry.kind, &e.entry.authority),
            })
            .collect();
        let mut hours: BTreeMap<i64, Hour> = BTreeMap::new();
        for minute in minutes {
            let next = excluded.partition_point(|e| e.range.end <= minute.minute);
            if let Some(excluded) = excluded.get_mut(next).filter(|e| e.range.contains(minute.minute)) {
                excluded.counts += minute.all;
                continue;
            }
            let number = minute.minute.0.div_euclid(HOUR);
            let hour = hours.entry(number).or_insert_with(|| Hour {
                start: Minute(number * HOUR),
                counts: Counts::default(),
                bad_minutes: 0,
            });
            hour.counts += minute.all;
            hour.bad_minutes += u32::from(minute.all.bad > 0);
        }
        let mut hours: Vec<Hour> = hours.into_values().filter(|h| h.counts.bad > 0).collect();
        hours.sort_by_key(|hour| std::cmp::Reverse((hour.counts.bad, hour.start)));
        excluded.reverse();
        Self { hours, excluded }
    }
}
