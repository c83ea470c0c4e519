//! What a change of the ledger does to breaches and misses (SPEC section 5). Only those that it touches are assessed anew, and
//! what they are then is written with the change itself.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rampart_domain::{
    alert::{Assessment, OpenEpisode, assess, episode_range},
    count::{Minute, MinuteRange},
    escalation::{FactKind, Text},
    exclusion::{Ledger, LedgerEntry},
    id::AppId,
    policy::{MINUTES_KEPT, MISS_MINIMUM, SLO_WINDOW},
    slo,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Error, Result, Service,
    audit::{self, Change},
    evaluation::PROGRESS,
    facts,
    figures::series_ref,
    occurrences,
};
use crate::store::{
    Scope, Tx,
    audit::Who,
    counts, episodes,
    episodes::Episode,
    ledger,
    ledger::{Filed, Filter},
    misses::{self, Miss},
    progress,
    series::{self, Measured, Series},
};

/// Name of the mark that grows with every change of the ledger.
pub(super) const LEDGER: &str = "ledger";

/// How far from the evaluation at which a breach began to count an entry can lie and still move its threshold.
const REACH: i64 = SLO_WINDOW as i64 + 60;

/// A change of the ledger.
pub(super) enum LedgerChange<'a> {
    /// A new entry.
    Enter(&'a LedgerEntry),
    /// New entries, all or none; at least one.
    EnterAll(&'a [LedgerEntry]),
    /// An entry that ends later than the one with its id that is filed.
    Extend(&'a LedgerEntry),
    /// An entry that excludes nothing from now on, and why.
    Revoke(&'a LedgerEntry, &'a str),
}

impl LedgerChange<'_> {
    /// The entries it is about, at their longest.
    pub(super) fn entries(&self) -> &[LedgerEntry] {
        match self {
            Self::EnterAll(entries) => entries,
            Self::Enter(entry) | Self::Extend(entry) | Self::Revoke(entry, _) => std::slice::from_ref(entry),
        }
    }

    /// Why it is made.
    fn reason(&self) -> &str {
        match self {
            Self::Revoke(_, why) => why,
            Self::Enter(entry) | Self::Extend(entry) => &entry.authority,
            Self::EnterAll(entries) => entries.first().map_or("", |entry| &entry.authority),
        }
    }

    /// These entries as they are with the change.
    pub(super) fn applied_to(&self, mut entries: Vec<LedgerEntry>) -> Ledger {
        entries.retain(|entry| self.entries().iter().all(|changed| changed.id != entry.id));
        if !matches!(self, Self::Revoke(..)) {
            entries.extend_from_slice(self.entries());
        }
        Ledger::new(entries)
    }
}

/// A breach that a change of the ledger touches, and what it is with the change.
pub(super) struct Reassessed {
    pub episode: Episode,
    pub series: Measured,
    pub assessment: Assessment,
}

impl Reassessed {
    /// Whether it becomes excused by the change, or no longer is.
    pub(super) fn changes_standing(&self) -> bool {
        self.episode.excused != self.assessment.excused
    }
}

/// What a change of the ledger comes to, and what that was worked out from.
pub(super) struct Plan {
    revision: Option<Minute>,
    evaluated: Option<Minute>,
    pub breaches: Vec<Reassessed>,
    /// The misses that become excused by it, or no longer are.
    pub misses: Vec<(Miss, Measured)>,
}

/// The audit row of a standing that changed: action, before and after.
pub(super) fn standing(assessment: &Assessment) -> (&'static str, Value, Value) {
    let action = match assessment.excused {
        true => "breach.excused",
        false => "breach.unexcused",
    };
    (
        action,
        json!({ "excused": !assessment.excused }),
        json!({
            "excused": assessment.excused,
            "bad events": assessment.raw.bad,
            "bad events not excluded": assessment.adjusted.bad,
        }),
    )
}

/// The minute whose rules decide about an episode: the one at which it began to count, by whose budget it counts; before that
/// the one at which it opened.
pub(super) fn decisive(episode: &OpenEpisode) -> Minute {
    episode.counted_at.unwrap_or(episode.opened_at)
}

impl Service {
    /// Changes the ledger, and assesses the breaches anew that the change touches: of the app or of all apps, of the series that
    /// the entry covers, with minutes in it, or whose counting threshold it moves. The change, what the breaches are then, the
    /// facts `excused` and `unexcused` of their occurrences, and an audit row for each are one transaction. Misses likewise.
    ///
    /// A breach that goes back further than the minutes that are kept (100 days) keeps its standing for good: what it would be
    /// can no longer be told. Whether a breach began to count is never decided again; a counted one becomes excused, or no
    /// longer is.
    ///
    /// Says whether it was done: when the ledger or the breaches changed while this was worked out, nothing is, and the caller
    /// looks again at what there is.
    ///
    /// # Errors
    /// When the entry was revoked before, or a database cannot be reached.
    pub(super) async fn change_ledger(
        &self,
        change: &LedgerChange<'_>,
        who: Who<'_>,
        audited: Change<'_>,
    ) -> Result<bool> {
        let plan = self.plan(change).await?;
        let mut tx = self.store.portal.begin().await?;
        if !is_current(&mut tx, &plan).await? {
            return Ok(false);
        }
        self.write_ledger_change(&mut tx, change, &plan, who, self.clock.now())
            .await?;
        let frozen = match (change, who) {
            (LedgerChange::Enter(gap) | LedgerChange::Extend(gap), Who::System) => {
                self.freeze_for_gap(&mut tx, gap).await?.map(|fact| (fact, *gap))
            }
            _ => None,
        };
        audit::write(&mut tx, who, &self.clock, audited).await?;
        if let Some((frozen, gap)) = &frozen {
            self.audit_gap_freeze(&mut tx, frozen, gap).await?;
        }
        self.audit_ledger_change(&mut tx, change, &plan, who).await?;
        tx.commit().await?;
        if frozen.is_some() {
            self.wake.escalation.notify_one();
        }
        Ok(true)
    }

    /// Writes a change of the ledger, what the breaches and misses are then, and their facts, as known at `now`.
    pub(super) async fn write_ledger_change(
        &self,
        tx: &mut Tx,
        change: &LedgerChange<'_>,
        plan: &Plan,
        who: Who<'_>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let by = match who {
            Who::Person(actor) => Some(actor.user),
            _ => None,
        };
        match (change, by) {
            (LedgerChange::Enter(entry), by) => ledger::enter(tx, entry, by, now).await?,
            (LedgerChange::EnterAll(entries), by) => {
                for entry in *entries {
                    ledger::enter(tx, entry, by, now).await?;
                }
            }
            (LedgerChange::Extend(entry), _) => {
                ledger::extend(tx, entry.id, entry.range.end, &entry.authority).await?;
            }
            (LedgerChange::Revoke(entry, why), by) => {
                if !ledger::revoke(tx, entry.id, by, why, now).await? {
                    return Err(Error::Conflict("This entry is revoked already.".to_owned()));
                }
            }
        }
        let mut touched = BTreeSet::new();
        for breach in &plan.breaches {
            episodes::assess(tx, breach.episode.id, &breach.assessment).await?;
            touched.extend(breach.episode.occurrence.filter(|_| breach.changes_standing()));
        }
        let why = change.reason();
        occurrences::settle(tx, now, &touched, who, why).await?;
        for (miss, measured) in &plan.misses {
            misses::set_excused(tx, miss.id, miss.excused).await?;
            let reference = Text::new(miss.id.to_string());
            let kind = match miss.excused {
                true => FactKind::Excused { reference },
                false => FactKind::Unexcused { reference },
            };
            facts::file_for(tx, who, now, (miss.app, &measured.app_key), kind, why).await?;
        }
        Ok(())
    }

    /// Writes the audit rows of the breaches and misses that a change of the ledger moved.
    pub(super) async fn audit_ledger_change(
        &self,
        tx: &mut Tx,
        change: &LedgerChange<'_>,
        plan: &Plan,
        who: Who<'_>,
    ) -> Result<()> {
        for (miss, measured) in &plan.misses {
            let action = match miss.excused {
                true => "objective.miss_excused",
                false => "objective.miss_unexcused",
            };
            let row = Change {
                action,
                subject: ("miss", miss.id.to_string(), &measured.app_name),
                partner: Some(measured.partner),
                before: json!({ "excused": !miss.excused }),
                after: json!({ "excused": miss.excused, "metric": miss.key.metric_name() }),
                why: Some(change.reason()),
            };
            audit::write(tx, who, &self.clock, row).await?;
        }
        for breach in plan.breaches.iter().filter(|b| b.changes_standing()) {
            let (action, before, after) = standing(&breach.assessment);
            let row = Change {
                action,
                subject: ("breach", breach.episode.incident_id.clone(), &breach.series.app_name),
                partner: Some(breach.series.partner),
                before,
                after,
                why: Some(change.reason()),
            };
            audit::write(tx, who, &self.clock, row).await?;
        }
        Ok(())
    }

    /// What a change of the ledger does to breaches and misses. Reads only.
    pub(super) async fn plan(&self, change: &LedgerChange<'_>) -> Result<Plan> {
        let db = &self.store.portal;
        let revision = progress::last(db, LEDGER).await?;
        let evaluated = progress::last(db, PROGRESS).await?;
        let now = evaluated.unwrap_or(self.clock.minute());
        let mut near: Vec<Episode> = Vec::new();
        for entry in change.entries() {
            let found = episodes::near(db, entry.app.map(AppId), entry.range, REACH).await?;
            let is_new = |episode: &Episode| near.iter().all(|known| known.id != episode.id);
            let found: Vec<_> = found.into_iter().filter(is_new).collect();
            near.extend(found);
        }
        let ids: Vec<_> = near
            .iter()
            .map(|e| e.series)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let measured = series::by_ids(db, &ids).await?;
        let measured: HashMap<_, _> = measured.into_iter().map(|m| (m.series.id, m)).collect();
        let policies = self.policies().await?;

        let mut touched = Vec::new();
        for episode in near {
            let Some((series, policy)) = measured.get(&episode.series).zip(
                policies
                    .at(decisive(&episode.episode))
                    .for_sli(episode.key.sli)
                    .copied(),
            ) else {
                continue;
            };
            let last = episode.closed.map_or(now, |(tick, _)| tick);
            let range = episode_range(&policy, &episode.episode, last);
            let is_known = range.start.day() >= (self.clock.minute() - MINUTES_KEPT).day();
            let is_final = episode.closed.is_some() || episode.episode.counted_at.is_some();
            // The ledger takes something from it already, so that its threshold matters.
            let is_adjusted = episode.assessed.is_some_and(|a| a.adjusted.bad < a.raw.bad);
            let is_touched = change.entries().iter().any(|entry| {
                (entry.range.intersect(range).is_some() || is_adjusted) && entry.is_about(series_ref(&series.series))
            });
            if is_known && is_final && is_touched {
                touched.push((episode, series.clone(), last));
            }
        }

        let mut breaches = Vec::with_capacity(touched.len());
        for (episode, series, last) in touched {
            let assessment = self
                .assessed(&series.series, &episode.episode, last, Some(change))
                .await?;
            breaches.push(Reassessed {
                episode,
                series,
                assessment,
            });
        }
        Ok(Plan {
            revision,
            evaluated,
            breaches,
            misses: self.misses_changed_by(change).await?,
        })
    }

    /// The misses that a change of the ledger excuses, or excuses no longer, each as it is then. A miss is excused when the 28
    /// days that opened it would not have, without the minutes that the ledger takes away. As with breaches, those whose
    /// minutes are no longer kept stay what they are.
    async fn misses_changed_by(&self, change: &LedgerChange<'_>) -> Result<Vec<(Miss, Measured)>> {
        let db = &self.store.portal;
        let mut near: Vec<Miss> = Vec::new();
        for entry in change.entries() {
            let reach = MinuteRange::new(entry.range.start, entry.range.end + REACH);
            let found = misses::opened_in(db, entry.app.map(AppId), reach).await?;
            let is_new = |miss: &Miss| near.iter().all(|known| known.id != miss.id);
            let found: Vec<_> = found.into_iter().filter(is_new).collect();
            near.extend(found);
        }
        let ids: BTreeSet<_> = near.iter().map(|miss| miss.series).collect();
        let measured = series::by_ids(db, &Vec::from_iter(ids)).await?;
        let measured: HashMap<_, _> = measured.into_iter().map(|m| (m.series.id, m)).collect();
        let policies = self.policies().await?;
        let mut changed = Vec::new();
        for miss in near {
            let Some(of) = measured.get(&miss.series) else { continue };
            let opened_at = miss.miss.opened_at;
            let Some(policy) = policies.at(opened_at).for_sli(miss.key.sli) else {
                continue;
            };
            let month = slo::slo_window(opened_at, policy);
            let is_known = month.start.day() >= (self.clock.minute() - MINUTES_KEPT).day();
            let is_touched = change
                .entries()
                .iter()
                .any(|entry| entry.range.intersect(month).is_some() && entry.is_about(series_ref(&of.series)));
            if !is_known || !is_touched {
                continue;
            }
            let ledger = change.applied_to(ledger::entries(db, Some(miss.app), month).await?);
            let sums = self.sums(std::slice::from_ref(&of.series), month, &ledger).await?;
            let sums = sums.get(&miss.series).copied().unwrap_or_default();
            let is_missed = sums.adjusted.bad >= MISS_MINIMUM && sums.adjusted.below(miss.slo);
            let excused = sums.adjusted.bad < sums.raw.bad && !is_missed;
            if excused != miss.excused {
                changed.push((Miss { excused, ..miss }, of.clone()));
            }
        }
        Ok(changed)
    }

    /// What the ledger leaves of an episode that was evaluated last at `last`: the ledger as it is, or as it is with a change.
    pub(super) async fn assessed(
        &self,
        series: &Series,
        episode: &OpenEpisode,
        last: Minute,
        change: Option<&LedgerChange<'_>>,
    ) -> Result<Assessment> {
        let policies = self.policies().await?;
        let Some(policy) = policies.at(decisive(episode)).for_sli(series.key.sli) else {
            return Ok(Assessment::default());
        };
        let range = episode_range(policy, episode, last);
        let month = episode.counted_at.map(|at| slo::slo_window(at, policy));
        let looked_at = MinuteRange::new(month.map_or(range.start, |m| m.start.min(range.start)), range.end);
        let entries = ledger::entries(&self.store.portal, Some(series.app), looked_at).await?;
        let ledger = match change {
            Some(change) => change.applied_to(entries),
            None => Ledger::new(entries),
        };
        let minutes = counts::minutes(&self.store.metrics, series.id, range).await?;
        let month = match month {
            Some(month) => self.sums(std::slice::from_ref(series), month, &ledger).await?,
            None => HashMap::new(),
        };
        let month = month.get(&series.id).map(|sums| sums.adjusted).unwrap_or_default();
        Ok(assess(
            policy,
            episode,
            last,
            series_ref(series),
            &minutes,
            month,
            &ledger,
        ))
    }

    /// An entry of the ledger that the reader may see.
    pub(super) async fn filed(&self, scope: Scope, id: Uuid) -> Result<Option<Filed>> {
        let only = Filter {
            id: Some(id),
            ..Filter::default()
        };
        Ok(ledger::list(&self.store.portal, scope, only, 0, 1).await?.pop())
    }
}

/// Whether everything is as it was when the plan was made, and stays so until the transaction ends. The marks are taken in the
/// order in which the evaluation takes them.
pub(super) async fn is_current(tx: &mut Tx, plan: &Plan) -> Result<bool> {
    if let Some(evaluated) = plan.evaluated
        && !progress::advance(tx, PROGRESS, Some(evaluated), evaluated).await?
    {
        return Ok(false);
    }
    Ok(match plan.revision {
        Some(revision) => progress::advance(tx, LEDGER, Some(revision), revision + 1).await?,
        None => progress::advance(tx, LEDGER, None, Minute(1)).await?,
    })
}
