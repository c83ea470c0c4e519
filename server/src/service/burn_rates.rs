//! Burn-rate alerts of the apps whose people turned them on (SPEC section 2). They are mailed and kept, and are never breaches.

use std::collections::HashSet;

use rampart_domain::{
    access::{Action, Actor},
    alert::{BurnRateAlert, BurnRateStep, burn_rate_step, burn_rate_window},
    count::{Counts, Minute, MinuteCounts, MinuteRange},
    id::SeriesId,
    policy::SliPolicy,
    sli::Sli,
    slo,
};
use serde_json::{Value, json};

use super::{
    Result, Service,
    apps::stale,
    audit::{self, Change},
    figures::series_ref,
    mails::alert_recipients,
};
use crate::{
    mail::{self, BurnRate},
    store::{
        Tx, apps,
        audit::Who,
        burn_rates, counts, ledger, outbox,
        series::{self, Measured},
    },
};

/// What an evaluation changed of the burn-rate alert of one series.
pub(crate) struct Burning {
    series: Measured,
    policy: SliPolicy,
    alert: BurnRateAlert,
    /// Whether the alert starts or ends here, which is mailed; one that is no longer wanted ends without a word.
    news: Option<News>,
    ended: bool,
    hour: Counts,
    six_hours: Counts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    Started,
    Ended,
}

impl Service {
    /// Turns the burn-rate alerts of an app on or off.
    pub async fn switch_burn_rate_alerts(&self, actor: &Actor, key: &str, version: i64, on: bool) -> Result<()> {
        let app = self.app_for(actor, key, Action::EditApp).await?;
        let mut tx = self.store.portal.begin().await?;
        if !apps::set_burn_rate_alerts(&mut tx, app.id, version, on).await? {
            return Err(stale());
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "app.burn_rate_alerts_changed",
                subject: ("app", app.id.to_string(), &app.name),
                partner: Some(app.partner_id),
                before: Value::Null,
                after: json!({ "burn-rate alerts": on }),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// The burn-rate alerts that start, go on or end at `tick`.
    pub(super) async fn burn_rates(&self, tick: Minute) -> Result<Vec<Burning>> {
        let watched = burn_rates::watched(&self.store.portal).await?;
        let open = burn_rates::open(&self.store.portal).await?;
        if watched.is_empty() && open.is_empty() {
            return Ok(Vec::new());
        }
        let policies = self.policies().await?;
        let policy = policies.at(tick);
        // Without a bad event nothing burns. The windows of all SLIs lie within this range.
        let windows = Sli::ALL.iter().filter_map(|sli| policy.for_sli(*sli));
        let range = windows
            .map(|policy| burn_rate_window(tick, policy))
            .reduce(|a, b| MinuteRange::new(a.start.min(b.start), a.end.max(b.end)));
        let Some(range) = range else { return Ok(Vec::new()) };
        let mut named: HashSet<SeriesId> = open.keys().copied().collect();
        if !watched.is_empty() {
            named.extend(counts::with_bad_events(&self.store.metrics, range).await?);
        }
        let series = series::by_ids(&self.store.portal, &Vec::from_iter(named)).await?;
        let candidates: Vec<(Measured, SliPolicy)> = series
            .into_iter()
            .filter(|s| s.series.key.is_slo())
            .filter(|s| open.contains_key(&s.series.id) || (s.is_measured && watched.contains(&s.series.app)))
            .filter_map(|s| policy.for_sli(s.series.key.sli).map(|policy| (s, *policy)))
            .collect();
        let ids: Vec<SeriesId> = candidates.iter().map(|(s, _)| s.series.id).collect();
        let minutes = counts::minutes_of(&self.store.metrics, &ids, range).await?;
        let ledger = ledger::in_force(&self.store.portal, None, range).await?;

        let mut burning = Vec::new();
        for (measured, policy) in candidates {
            let minutes = minutes.get(&measured.series.id).map(Vec::as_slice).unwrap_or_default();
            let sum = |range: MinuteRange| {
                let within: Vec<MinuteCounts> = minutes.iter().filter(|m| range.contains(m.minute)).copied().collect();
                ledger.adjust(series_ref(&measured.series), &within).on_time
            };
            let (hour, six_hours) = (
                sum(slo::window(tick, policy.settle_minutes, 60)),
                sum(burn_rate_window(tick, &policy)),
            );
            let before = open.get(&measured.series.id).copied();
            let step = burn_rate_step(&policy, before, tick, sum);
            let (alert, news) = match step {
                BurnRateStep::Nothing => continue,
                BurnRateStep::Started(alert) => (alert, Some(News::Started)),
                BurnRateStep::GoesOn(alert) => (alert, None),
                BurnRateStep::Ended(alert) => (alert, Some(News::Ended)),
            };
            let is_wanted = watched.contains(&measured.series.app);
            burning.push(Burning {
                policy,
                alert,
                news: news.filter(|_| is_wanted),
                ended: news == Some(News::Ended) || !is_wanted,
                hour,
                six_hours,
                series: measured,
            });
        }
        Ok(burning)
    }

    /// Writes what became of burn-rate alerts, with their mails and audit rows. Says how many mails were queued.
    pub(super) async fn apply_burn_rates(&self, tx: &mut Tx, tick: Minute, burning: &[Burning]) -> Result<usize> {
        let mut mails = 0;
        for burning in burning {
            let ended = burning.ended.then_some(tick);
            burn_rates::put(tx, burning.series.series.id, &burning.alert, ended).await?;
            if let Some(news) = burning.news {
                mails += self.queue_burn_rate(tx, tick, burning, news == News::Ended).await?;
            }
        }
        for burning in burning {
            self.audit_burn_rate(tx, tick, burning).await?;
        }
        Ok(mails)
    }

    async fn queue_burn_rate(&self, tx: &mut Tx, tick: Minute, burning: &Burning, ended: bool) -> Result<usize> {
        let measured = &burning.series;
        let (recipients, alert_address) = alert_recipients(tx, measured.series.app, measured.partner).await?;
        let mails = recipients.len();
        for recipient in recipients {
            let mail = mail::burn_rate(
                &self.stationery(),
                BurnRate {
                    ended,
                    tick,
                    alert: &burning.alert,
                    hour: burning.hour,
                    six_hours: burning.six_hours,
                    policy: &burning.policy,
                    key: &measured.series.key,
                    app: measured.series.app,
                    app_key: &measured.app_key,
                    app_name: &measured.app_name,
                    partner: measured.partner,
                    recipient,
                    alert_address,
                },
            );
            outbox::push(tx, &mail, self.clock.now()).await?;
        }
        Ok(mails)
    }

    async fn audit_burn_rate(&self, tx: &mut Tx, tick: Minute, burning: &Burning) -> Result<()> {
        let metric = burning.series.series.key.metric_name();
        let started = json!({ "metric": metric, "since": burning.alert.started_at.start() });
        let (action, before, after) = match (burning.news, burning.ended) {
            (Some(News::Started), _) => ("burn_rate_alert.started", Value::Null, started),
            (_, true) => ("burn_rate_alert.ended", started, json!({ "tick": tick.start() })),
            _ => return Ok(()),
        };
        let app = burning.series.series.app.to_string();
        audit::write(
            tx,
            Who::System,
            &self.clock,
            Change {
                action,
                subject: ("app", app, &burning.series.app_name),
                partner: Some(burning.series.partner),
                before,
                after,
                why: None,
            },
        )
        .await
    }
}
