//! The figures of an app at any time, as `rampart slo` prints them and the app's page shows them.

use chrono::{DateTime, Utc};
use rampart_domain::{
    alert::WindowState,
    count::{Counts, Minute, MinuteRange},
    exclusion::Adjusted,
    policy::{SLO_WINDOW, SliPolicy},
    slo::Budget,
};
use serde::Serialize;

use super::{Error, Result, Service};
use crate::store::{
    Scope, apps, ledger,
    series::{self, Series},
};

/// Every series of an app that has an objective, at one minute (SPEC section 2).
#[derive(Debug, Serialize)]
pub struct Report {
    pub app: String,
    /// The evaluation that is reported: a whole minute.
    pub at: DateTime<Utc>,
    pub series: Vec<SeriesReport>,
}

/// Rates are percent with four decimals, null where nothing was counted.
#[derive(Debug, Serialize)]
pub struct SeriesReport {
    pub product: &'static str,
    pub sli: &'static str,
    pub group: &'static str,
    pub target: String,
    pub slo_percent: f64,
    /// Over 28 days, as measured.
    pub raw: Rate,
    /// Over 28 days, without what is excluded.
    pub adjusted: Rate,
    /// Over the window of the alert, without what is excluded.
    pub alert: Alert,
    /// Bad events over 28 days, without what is excluded.
    pub budget: BudgetReport,
}

#[derive(Debug, Serialize)]
pub struct Rate {
    pub good: u64,
    pub bad: u64,
    pub rate_percent: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct Alert {
    #[serde(flatten)]
    pub rate: Rate,
    /// Whether the alert condition holds.
    pub holds: bool,
}

#[derive(Debug, Serialize)]
pub struct BudgetReport {
    pub allowed: f64,
    pub used: u64,
    /// Negative when overspent.
    pub remaining: f64,
}

impl Service {
    /// Reports on an app, for whoever may read everything.
    ///
    /// # Errors
    /// When there is no such app, or a database cannot be reached.
    pub async fn slo_report(&self, app_key: &str, at: DateTime<Utc>) -> Result<Report> {
        let tick = Minute::of(at);
        let scope = Scope::system();
        let app = apps::by_key(&self.store.portal, scope, app_key)
            .await?
            .ok_or(Error::NotFound)?;
        let all = series::of_apps(&self.store.portal, scope, &[app.id]).await?;
        // From before the longest window; every SLI settles within an hour.
        let back = MinuteRange::new(tick - i64::from(SLO_WINDOW) - 60, tick + 1);
        let ledger = ledger::in_force(&self.store.portal, Some(app.id), back).await?;
        let assessed: Vec<Series> = all
            .into_iter()
            .filter(|s| s.key.is_slo() && !had_ended(s, tick))
            .collect();
        let months = self.months(&assessed, tick, &ledger).await?;
        let alerts = self
            .windows(&assessed, tick, &ledger, |policy| policy.alert.window_minutes)
            .await?;
        let policies = self.policies().await?;
        let policy = policies.at(tick);
        let reports = assessed.iter().filter_map(|series| {
            let policy = policy.for_sli(series.key.sli)?;
            let month = months.get(&series.id).copied().unwrap_or_default();
            let alert = alerts.get(&series.id).copied().unwrap_or_default();
            Some(report(series, policy, month, alert.adjusted))
        });
        Ok(Report {
            app: app.key,
            at: tick.start(),
            series: reports.collect(),
        })
    }
}

fn report(series: &Series, policy: &SliPolicy, month: Adjusted, alert: Counts) -> SeriesReport {
    let budget = Budget::of(policy.slo, month.adjusted);
    SeriesReport {
        product: series.key.product.as_str(),
        sli: series.key.sli.as_str(),
        group: series.key.group.as_str(),
        target: series.key.target.clone(),
        slo_percent: policy.slo.percent(),
        raw: rate(month.raw),
        adjusted: rate(month.adjusted),
        alert: Alert {
            rate: rate(alert),
            holds: WindowState::of(alert, &policy.alert) == WindowState::Holds,
        },
        budget: BudgetReport {
            allowed: budget.allowed_events(),
            used: budget.bad,
            remaining: budget.remaining_events(),
        },
    }
}

/// Whether the series was no longer measured at `tick`.
fn had_ended(series: &Series, tick: Minute) -> bool {
    series.ended_at.is_some_and(|ended| Minute::of(ended) < tick)
}

fn rate(counts: Counts) -> Rate {
    Rate {
        good: counts.good,
        bad: counts.bad,
        rate_percent: counts.percent().map(|percent| (percent * 10_000.0).round() / 10_000.0),
    }
}
