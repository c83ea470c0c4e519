//! Misses: opened and ended by the evaluation (SPEC section 2).
//!
//! A series is assessed at every tick at which it could be seen to fall below its objective or to rise to it again: while it
//! has fresh bad events or an open miss. Every other one is assessed once an hour, so that a
//! figure that sinks otherwise (by a change of the ledger or the policy, or because good days leave the window) is noticed
//! too; at a minute that follows from its id, so that each tick has its share of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use rampart_domain::{
    count::{Counts, Minute, MinuteRange},
    escalation::{FactKind, Text},
    exclusion::Ledger,
    id::{MissId, SeriesId},
    policy::{MeasurementPolicy, Ppm, SliPolicy},
    slo::{self, Assessed, MissStep, OpenMiss},
};
use serde_json::{Value, json};

use super::{
    Result, Service,
    audit::{self, Change},
    facts,
    mails::alert_recipients,
    occurrences::series_name,
};
use crate::{
    mail::{self, MissNotice},
    random,
    store::{
        Tx,
        audit::Who,
        counts,
        misses::{self, Miss},
        outbox,
        series::{self, Measured, Series},
    },
};

/// Within how many minutes every series is assessed once.
const ROUND: i64 = 60;
/// Bad events of so many minutes have a series assessed at once; longer than any SLI takes to settle.
const FRESH: i64 = 15;
/// How many series are summed up in one statement.
const AT_ONCE: usize = 5_000;

/// A miss that this tick opens, changes or ends.
pub(crate) struct MissOutcome {
    measured: Measured,
    miss: Miss,
    /// The 28 days at this tick.
    month: Counts,
    slo: Ppm,
    change: MissChange,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MissChange {
    /// It opens; the day on which the objective is met again if nothing else goes wrong.
    Opened(Option<NaiveDate>),
    /// Whether it is met has changed.
    Goes,
    Ended,
}

impl Service {
    /// What this tick means for misses.
    pub(super) async fn assess_misses(
        &self,
        policy: &MeasurementPolicy,
        tick: Minute,
        ledger: &Ledger,
    ) -> Result<Vec<MissOutcome>> {
        let open = misses::open(&self.store.portal).await?;
        let open: HashMap<SeriesId, Miss> = open.into_iter().map(|m| (m.series, m)).collect();
        let due = series::ids(&self.store.portal).await?;
        let due = due.into_iter().filter(|id| slot(*id) == tick.0.rem_euclid(ROUND));
        let fresh = MinuteRange::new(tick - FRESH, tick);
        let fresh = counts::with_bad_events(&self.store.metrics, fresh).await?;
        let ids: HashSet<SeriesId> = due.chain(fresh).chain(open.keys().copied()).collect();
        let named = series::by_ids(&self.store.portal, &Vec::from_iter(ids)).await?;
        let named: Vec<(Measured, SliPolicy)> = named
            .into_iter()
            .filter(|m| m.series.key.is_slo() && (m.is_measured || open.contains_key(&m.series.id)))
            .filter_map(|m| {
                let policy = *policy.for_sli(m.series.key.sli)?;
                Some((m, policy))
            })
            .collect();
        let series: Vec<Series> = named.iter().map(|(measured, _)| measured.series.clone()).collect();
        let mut months = HashMap::with_capacity(series.len());
        for some in series.chunks(AT_ONCE) {
            months.extend(self.months(some, tick, ledger).await?);
        }

        let mut outcomes = Vec::new();
        for (measured, policy) in named {
            let id = measured.series.id;
            let month = months.get(&id).map(|month| month.adjusted).unwrap_or_default();
            let open = open.get(&id);
            let assessed = Assessed {
                tick,
                month,
                // Asked below, of the few for which it matters.
                has_history: true,
                is_measured: measured.is_measured,
                app_is_measured: measured.app_is_measured,
            };
            let (change, miss) = match slo::assess(policy.slo, open.map(|m| &m.miss), &assessed) {
                MissStep::Nothing => continue,
                MissStep::StillOpen(miss) if open.is_some_and(|open| open.miss == miss) => continue,
                MissStep::StillOpen(miss) => (MissChange::Goes, miss),
                MissStep::Ended(miss) => (MissChange::Ended, miss),
                MissStep::Opened(miss) => (MissChange::Opened(None), miss),
            };
            let miss = match open {
                Some(open) => Miss { miss, ..open.clone() },
                None => opened(&measured.series, miss, policy.slo, month, tick),
            };
            outcomes.push(MissOutcome {
                measured,
                miss,
                month,
                slo: policy.slo,
                change,
            });
        }
        self.without_history(policy, tick, &mut outcomes).await?;
        for outcome in &mut outcomes {
            if let MissChange::Opened(met_again) = &mut outcome.change {
                *met_again = self
                    .met_again(&outcome.measured.series, outcome.slo, tick, ledger)
                    .await?;
            }
        }
        Ok(outcomes)
    }

    /// Takes away what would open a miss of a series that has not had its first event 28 days ago.
    async fn without_history(
        &self,
        policy: &MeasurementPolicy,
        tick: Minute,
        outcomes: &mut Vec<MissOutcome>,
    ) -> Result<()> {
        let mut by_start: BTreeMap<Minute, Vec<SeriesId>> = BTreeMap::new();
        for outcome in outcomes.iter().filter(|o| matches!(o.change, MissChange::Opened(_))) {
            if let Some(policy) = policy.for_sli(outcome.measured.series.key.sli) {
                let start = slo::slo_window(tick, policy).start;
                by_start.entry(start).or_default().push(outcome.measured.series.id);
            }
        }
        let mut old = HashSet::new();
        for (start, series) in by_start {
            old.extend(counts::begun_before(&self.store.metrics, &series, start + 1).await?);
        }
        outcomes.retain(|o| !matches!(o.change, MissChange::Opened(_)) || old.contains(&o.measured.series.id));
        Ok(())
    }

    async fn met_again(&self, series: &Series, slo: Ppm, tick: Minute, ledger: &Ledger) -> Result<Option<NaiveDate>> {
        let today = tick.day();
        let days = counts::days(&self.store.metrics, series.id, today - 28, today + 1).await?;
        let days = HashMap::from([(series.id, days)]);
        let days = self.adjusted_days(std::slice::from_ref(series), ledger, &days).await?;
        let days = days.get(&series.id).map_or(&[][..], Vec::as_slice);
        let day = slo::met_again_on(slo, days, today);
        Ok(day.map(|day| Minute::of_day(day).start().date_naive()))
    }

    /// Writes misses, their facts and their mails. Says how many mails were queued.
    pub(super) async fn write_misses(&self, tx: &mut Tx, tick: Minute, outcomes: &[MissOutcome]) -> Result<usize> {
        let mut mails = 0;
        for outcome in outcomes {
            let Miss { id, app, miss, .. } = &outcome.miss;
            let app_of = Some((*app, outcome.measured.app_key.as_str()));
            let text = Text::new(id.to_string());
            match outcome.change {
                MissChange::Opened(_) => {
                    misses::insert(tx, &outcome.miss).await?;
                    let series = Text::new(series_name(&outcome.measured.series.key));
                    let kind = FactKind::SloMissed { miss: text, series };
                    facts::file(tx, tick.start(), app_of, kind).await?;
                }
                MissChange::Goes => {
                    misses::update(tx, *id, miss, None).await?;
                    continue;
                }
                MissChange::Ended => {
                    misses::update(tx, *id, miss, Some(tick)).await?;
                    facts::file(tx, tick.start(), app_of, FactKind::SloMet { miss: text }).await?;
                }
            }
            mails += self.queue_miss(tx, outcome).await?;
        }
        Ok(mails)
    }

    async fn queue_miss(&self, tx: &mut Tx, outcome: &MissOutcome) -> Result<usize> {
        let measured = &outcome.measured;
        let (recipients, alert_address) = alert_recipients(tx, measured.series.app, measured.partner).await?;
        let met_again = match outcome.change {
            MissChange::Opened(day) => day,
            MissChange::Goes | MissChange::Ended => None,
        };
        let mails = recipients.len();
        // A mail of its own for each, so that one dead mailbox keeps nobody else's back.
        for recipient in recipients {
            let notice = MissNotice {
                is_over: outcome.change == MissChange::Ended,
                since: outcome.miss.miss.opened_at.start(),
                no_longer_measured: !measured.is_measured,
                month: outcome.month,
                slo: outcome.slo,
                met_again,
                key: &measured.series.key,
                app: measured.series.app,
                app_key: &measured.app_key,
                app_name: &measured.app_name,
                partner: measured.partner,
                recipient,
                alert_address,
            };
            outbox::push(tx, &mail::miss(&self.stationery(), notice), self.clock.now()).await?;
        }
        Ok(mails)
    }

    /// The audit rows of misses; last in the transaction.
    pub(super) async fn audit_misses(&self, tx: &mut Tx, tick: Minute, outcomes: &[MissOutcome]) -> Result<()> {
        for outcome in outcomes {
            let measured = &outcome.measured;
            let figures = json!({
                "metric": measured.series.key.metric_name(),
                "rate": outcome.month.percent(),
                "objective": outcome.slo.to_string(),
                "tick": tick.start(),
            });
            let (action, before) = match outcome.change {
                MissChange::Opened(_) => ("objective.missed", Value::Null),
                MissChange::Ended => (
                    "objective.met",
                    json!({ "missed since": outcome.miss.miss.opened_at.start() }),
                ),
                MissChange::Goes => continue,
            };
            let change = Change {
                action,
                subject: ("miss", outcome.miss.id.to_string(), &measured.app_name),
                partner: Some(measured.partner),
                before,
                after: figures,
                why: None,
            };
            audit::write(tx, Who::System, &self.clock, change).await?;
        }
        Ok(())
    }
}

/// The minute of the hour at which a series is assessed, whatever happens in it.
fn slot(id: SeriesId) -> i64 {
    // The end of an id is random, its beginning is not.
    let end = u16::from_be_bytes([id.0.as_bytes()[14], id.0.as_bytes()[15]]);
    i64::from(end) % ROUND
}

fn opened(series: &Series, miss: OpenMiss, slo: Ppm, month: Counts, tick: Minute) -> Miss {
    Miss {
        excused: false,
        id: MissId(random::id(tick.start())),
        series: series.id,
        app: series.app,
        key: series.key.clone(),
        miss,
        slo,
        opened_with: month,
        ended: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_spread_over_the_hour() {
        let mut slots = [0_u32; ROUND as usize];
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        for _ in 0..6_000 {
            slots[usize::try_from(slot(SeriesId(random::id(now)))).unwrap()] += 1;
        }
        assert!(slots.iter().all(|n| (50..=160).contains(n)), "{slots:?}");
    }
}
