//! All series of an app at a glance. However many there are, the databases are asked the same number of times.

use std::collections::HashMap;

use rampart_app::model::{SeriesCard, SeriesGroup, SourceInUse, Volumes};
use rampart_domain::{
    access::Actor,
    count::{Histogram, MINUTES_PER_DAY, Minute, MinuteRange},
    exclusion::Adjusted,
    id::SeriesId,
    policy::OWN_EVENTS_COVER,
    sli::{self, Group, Sli},
    slo,
};

use super::{
    super::{Result, Service},
    apps::Headed,
    budgets,
    charts::{MONTH, millis},
    rows,
};
use crate::store::{
    counts, own_minutes,
    series::{self, Series},
};

/// Where the iframe events of each series come from; series that are not in it have generic ones only.
#[derive(Default)]
struct Sources {
    /// Whether own events count at this moment.
    own_now: HashMap<SeriesId, bool>,
    volumes: HashMap<SeriesId, Volumes>,
}

impl Service {
    /// Production first, then developer first rollout, then what is no longer measured.
    pub(super) async fn series_groups(&self, actor: &Actor, headed: &Headed) -> Result<Vec<SeriesGroup>> {
        let cards = self.series_cards(actor, headed, &headed.series).await?;
        let mut groups = [
            ("Production", Vec::new()),
            ("Developer first rollout", Vec::new()),
            ("No longer measured", Vec::new()),
        ];
        for (series, card) in headed.series.iter().zip(cards) {
            let place = match (series.ended_at, series.key.group) {
                (Some(_), _) => 2,
                (None, Group::Dfr) => 1,
                (None, Group::Prod) => 0,
            };
            groups[place].1.push(card);
        }
        Ok(groups
            .into_iter()
            .filter(|(_, cards)| !cards.is_empty())
            .map(|(name, cards)| SeriesGroup { name, cards })
            .collect())
    }

    /// These series of an app at a glance, in their order.
    pub(super) async fn series_cards(
        &self,
        actor: &Actor,
        headed: &Headed,
        series: &[Series],
    ) -> Result<Vec<SeriesCard>> {
        let (app_key, ledger) = (&headed.head.key, &headed.ledger);
        let policies = self.policy_now().await?;
        let tick = self.clock.minute();
        let days = self.month_days(series, ledger).await?;
        let others: Vec<Series> = series
            .iter()
            .filter(|s| !headed.standing.months.contains_key(&s.id))
            .cloned()
            .collect();
        // What has no objective settles like what comes the same way.
        let window = slo::slo_window(tick, &policies.slis.iframe_load);
        let other_months = if others.is_empty() {
            HashMap::new()
        } else {
            self.sums(&others, window, ledger).await?
        };
        let sources = self.sources(series, tick).await?;
        Ok(series
            .iter()
            .map(|series| {
                let month = headed.standing.months.get(&series.id).or(other_months.get(&series.id));
                let month = month.copied().unwrap_or_default();
                let policy = policies.for_sli(series.key.sli).filter(|_| series.key.is_slo());
                let settle = policy.unwrap_or(&policies.slis.iframe_load).settle_minutes;
                let is_iframe = series.key.sli == Sli::IframeLoad && series.ended_at.is_none();
                let mut latency = Histogram::default();
                let own_days = days.raw.get(&series.id).map_or(&[][..], Vec::as_slice);
                own_days.iter().for_each(|day| latency.merge(&day.latency));
                let quantile = |q| latency.quantile(q).map(millis);
                let Adjusted { raw, adjusted, .. } = month;
                SeriesCard {
                    name: rows::indicator(&series.key),
                    target: (!series.key.target.is_empty()).then(|| rows::short_url(&series.key.target)),
                    href: format!("/apps/{app_key}/metrics?series={}", series.id),
                    slo: policy.map(|p| p.slo.percent()),
                    month: adjusted.percent(),
                    month_raw: raw.percent(),
                    good: adjusted.good,
                    bad: adjusted.bad,
                    trend: days.trend(series.id),
                    p50_ms: quantile(0.5),
                    p95_ms: quantile(0.95),
                    p99_ms: quantile(0.99),
                    budget: policy.map(|p| {
                        (
                            rows::budget(p.slo, adjusted, series.key.sli),
                            rows::budget(p.slo, raw, series.key.sli),
                            budgets::href(app_key, series.id),
                        )
                    }),
                    outlook: policy
                        .map(|p| days.outlook(p.slo, series.id, adjusted))
                        .unwrap_or_default(),
                    breach_since: headed
                        .open
                        .iter()
                        .find(|e| e.series == series.id)
                        .map(|e| e.episode.opened_at.start()),
                    source: is_iframe.then(|| match sources.own_now.get(&series.id) {
                        Some(true) => SourceInUse::Own,
                        _ => SourceInUse::Generic,
                    }),
                    volumes: sources.volumes.get(&series.id).copied().filter(|_| actor.is_staff()),
                    complete_until: headed
                        .last_minutes
                        .get(&series.id)
                        .map(|last| (*last + 1).min(tick - i64::from(settle)).start()),
                }
            })
            .collect())
    }

    /// Where iframe events come from, and how many of each there were in the last 24 hours.
    async fn sources(&self, all: &[Series], now: Minute) -> Result<Sources> {
        let is_iframe = |s: &&Series| s.key.sli == Sli::IframeLoad && s.ended_at.is_none();
        let iframe: Vec<SeriesId> = all.iter().filter(is_iframe).map(|s| s.id).collect();
        if iframe.is_empty() {
            return Ok(Sources::default());
        }
        let day = MinuteRange::new(now - MINUTES_PER_DAY, now + 1);
        let asked = MinuteRange::new(day.start + 1 - OWN_EVENTS_COVER, day.end);
        let own = own_minutes::of_series(&self.store.metrics, &iframe, asked).await?;
        if own.is_empty() {
            return Ok(Sources::default());
        }
        let with_own: Vec<SeriesId> = own.keys().copied().collect();
        let replaced = series::replaced(&self.store.portal, &with_own).await?;
        let both: Vec<SeriesId> = with_own.iter().copied().chain(replaced.values().copied()).collect();
        let minutes = counts::minutes_of(&self.store.metrics, &both, day).await?;
        let total = |id: &SeriesId, is_asked: &dyn Fn(Minute) -> bool| -> u64 {
            let minutes = minutes.get(id).into_iter().flatten();
            minutes.filter(|m| is_asked(m.minute)).map(|m| m.all.total()).sum()
        };
        let mut sources = Sources::default();
        for (id, own) in &own {
            // The own minute before is the one that covers the longest.
            let is_covered = |minute: Minute| {
                let before = own.partition_point(|m| *m <= minute);
                before > 0 && sli::covered_by(own[before - 1]).contains(minute)
            };
            sources.own_now.insert(*id, is_covered(now));
            let volumes = Volumes {
                own: total(id, &is_covered),
                generic: replaced.get(id).map_or(0, |id| total(id, &|_| true)),
            };
            sources.volumes.insert(*id, volumes);
        }
        Ok(sources)
    }
}

impl budgets::MonthDays {
    /// The rate of each of the 28 days, the last one is today.
    fn trend(&self, series: SeriesId) -> Vec<Option<f64>> {
        let days = self.adjusted.get(&series).map_or(&[][..], Vec::as_slice);
        let rate = |number: i64| days.iter().find(|d| d.day == number)?.counts.percent();
        (self.today + 1 - MONTH..=self.today).map(rate).collect()
    }
}
