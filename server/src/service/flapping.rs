//! Bundling the mails of series that flap (SPEC section 2): [`alert::bundle`] decides, and this gives it what happened and
//! does what it says.

use std::collections::HashSet;

use rampart_domain::{
    alert::{self, Bundle, Happened, Notice},
    count::{Counts, Minute},
    id::SeriesId,
    policy::FLAPPING_WITHIN,
};
use serde_json::{Value, json};

use super::{
    Result, Service,
    audit::{self, Change},
    evaluation::Outcome,
    mails::alert_recipients,
};
use crate::{
    mail::{self, Flapping, FlappingState, incident_data::IncidentStatus},
    store::{
        Tx,
        audit::Who,
        bundles, episodes, outbox,
        series::{self, Measured},
    },
    telemetry,
};

/// What an evaluation changed of the bundle of one series.
pub(crate) struct Bundled {
    series: Measured,
    before: Option<Bundle>,
    after: Option<Bundle>,
    notice: Option<Notice>,
    in_breach: bool,
    value: Option<Counts>,
}

impl Service {
    /// Which mails of these outcomes are due and which wait, and what becomes of every bundle.
    pub(super) async fn bundle(&self, tick: Minute, outcomes: &mut [Outcome<'_>]) -> Result<Vec<Bundled>> {
        let open = bundles::open(&self.store.portal).await?;
        let mut changed = Vec::new();
        for outcome in outcomes.iter_mut() {
            let id = outcome.series.series.id;
            let before = open.get(&id).copied();
            let happened = self.happened(tick, outcome).await?;
            let (after, notice) = alert::bundle(before, tick, happened);
            match notice {
                Some(Notice::Episode) => {}
                Some(Notice::Lasting) => {
                    outcome.mail = Some(IncidentStatus::Anomalous);
                    outcome.lasting = true;
                }
                _ => outcome.mail = None,
            }
            if before != after {
                changed.push(Bundled {
                    series: outcome.series.clone(),
                    before,
                    after,
                    notice,
                    in_breach: outcome.closing.is_none(),
                    value: Some(outcome.episode.last_value),
                });
            }
        }
        let decided: HashSet<SeriesId> = outcomes.iter().map(|outcome| outcome.series.series.id).collect();
        let quiet: Vec<SeriesId> = open.keys().filter(|id| !decided.contains(*id)).copied().collect();
        for series in series::by_ids(&self.store.portal, &quiet).await? {
            let before = open.get(&series.series.id).copied();
            let (after, notice) = alert::bundle(before, tick, Happened::Nothing);
            if before != after {
                changed.push(Bundled {
                    series,
                    before,
                    after,
                    notice,
                    in_breach: false,
                    value: None,
                });
            }
        }
        let begun = changed.iter().filter(|bundled| bundled.before.is_none()).count();
        let over = changed.iter().filter(|bundled| bundled.after.is_none()).count();
        telemetry::flapping(open.len() + begun - over);
        Ok(changed)
    }

    async fn happened(&self, tick: Minute, outcome: &Outcome<'_>) -> Result<Happened> {
        let since = outcome.episode.opened_at;
        Ok(if outcome.is_new {
            let first = tick - FLAPPING_WITHIN + 1;
            let earlier = episodes::opened_since(&self.store.portal, outcome.series.series.id, first).await?;
            Happened::Opened {
                within_6_h: earlier + 1,
            }
        } else if outcome.closing.is_some() {
            Happened::Closed { since }
        } else {
            let remind = outcome.mail.is_some();
            Happened::StillOpen { since, remind }
        })
    }

    /// Writes what became of bundles, with their mails and audit rows. Says how many mails were queued.
    pub(super) async fn apply_bundles(&self, tx: &mut Tx, tick: Minute, changed: &[Bundled]) -> Result<usize> {
        let mut mails = 0;
        for bundled in changed {
            let series = &bundled.series.series;
            match &bundled.after {
                Some(bundle) => bundles::put(tx, series.id, bundle).await?,
                None => bundles::end(tx, series.id).await?,
            }
            let in_breach = bundled.in_breach;
            let (about, bundle) = match (bundled.notice, bundled.after) {
                (Some(Notice::Begun), Some(bundle)) => (FlappingState::Begun, bundle),
                (Some(Notice::GoesOn), Some(bundle)) => (FlappingState::GoesOn { in_breach }, bundle),
                (Some(Notice::Over(bundle)), _) => (FlappingState::Over, bundle),
                _ => continue,
            };
            mails += self.queue_flapping(tx, tick, bundled, about, &bundle).await?;
        }
        for bundled in changed {
            self.audit_bundle(tx, tick, bundled).await?;
        }
        Ok(mails)
    }

    async fn queue_flapping(
        &self,
        tx: &mut Tx,
        tick: Minute,
        bundled: &Bundled,
        about: FlappingState,
        bundle: &Bundle,
    ) -> Result<usize> {
        let measured = &bundled.series;
        let (recipients, alert_address) = alert_recipients(tx, measured.series.app, measured.partner).await?;
        let mails = recipients.len();
        for recipient in recipients {
            let mail = mail::flapping(
                &self.stationery(),
                Flapping {
                    about,
                    tick,
                    bundle,
                    value: bundled.value,
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

    async fn audit_bundle(&self, tx: &mut Tx, tick: Minute, bundled: &Bundled) -> Result<()> {
        let metric = bundled.series.series.key.metric_name();
        let (action, before, after) = match (bundled.before, bundled.after) {
            (None, Some(_)) => (
                "breach.mails_bundled",
                Value::Null,
                json!({ "metric": metric, "tick": tick.start() }),
            ),
            (Some(bundle), None) => (
                "breach.mails_unbundled",
                json!({ "metric": metric, "since": bundle.began_at.start() }),
                json!({ "openings": bundle.openings, "minutes in breach": bundle.closed_minutes, "tick": tick.start() }),
            ),
            _ => return Ok(()),
        };
        audit::write(
            tx,
            Who::System,
            &self.clock,
            Change {
                action,
                subject: ("app", bundled.series.series.app.to_string(), &bundled.series.app_name),
                partner: Some(bundled.series.partner),
                before,
                after,
                why: None,
            },
        )
        .await
    }
}
