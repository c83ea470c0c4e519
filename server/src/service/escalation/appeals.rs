//! Appeals: what granting one would do, and the verdict on it (SPEC section 6). A granted appeal excuses what it names through the
//! exclusion ledger, by waivers over the intervals of the breaches and misses, in the transaction of the verdict.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use rampart_domain::{
    access::{Action, Actor},
    alert::episode_range,
    count::MinuteRange,
    escalation::{EscalationPolicy, Fact, FactKind, Outcome, Text, if_granted},
    exclusion::{ExclusionKind, LedgerEntry},
    id::{MissId, OccurrenceId},
    sli::SeriesKey,
    slo,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        Checks, Error, Result, Service,
        access::require_in,
        audit::{self, Change},
        evaluation::PROGRESS,
        facts as filing,
        reassessment::{LedgerChange, Plan, decisive, is_current},
    },
    decisions::{CHANGED, Verdict, decides_on},
};
use crate::{
    mail, random,
    store::{
        Scope, Tx, accounts, appeals, apps::App, audit::Who, episodes, facts, misses, occurrences, outbox, progress,
    },
};

/// How often a verdict is worked out anew because the ledger was changed meanwhile.
const TRIES: u32 = 5;

/// What granting an appeal does.
pub(in crate::service) struct Grant {
    /// The waivers, with the series that each is about.
    pub waivers: Vec<(LedgerEntry, SeriesKey)>,
    /// The breaches and misses that become excused (true), or no longer are.
    pub changes: Vec<(Text, bool)>,
    /// `None` when there is nothing to waive.
    plan: Option<Plan>,
}

impl Grant {
    /// What the appeal names, is not excused as the app stands, and would not be by the waivers: its minutes are no longer kept,
    /// or there are none.
    pub(in crate::service) fn beyond<'a>(&self, about: &'a [Text], before: &Outcome) -> Vec<&'a Text> {
        let is_excused = |id: &Text| self.changes.iter().any(|(changed, excused)| changed == id && *excused);
        let matters = |id: &Text| before.ladder.appealable.iter().any(|one| one.id == *id);
        about.iter().filter(|id| matters(id) && !is_excused(id)).collect()
    }

    /// Where the app stands at `now` if it is granted.
    pub(in crate::service) fn outcome(&self, app: &App, facts: &[Fact], now: DateTime<Utc>) -> Outcome {
        let policy = EscalationPolicy::standard();
        if_granted(&app.key.as_str().into(), &policy, facts, &self.changes, now)
    }

    fn entries(&self) -> Vec<LedgerEntry> {
        self.waivers.iter().map(|(entry, _)| entry.clone()).collect()
    }
}

impl Service {
    /// What granting an appeal about these breaches and misses does. Reads only.
    pub(in crate::service) async fn grant(&self, app: &App, about: &[Text], authority: &str) -> Result<Grant> {
        let mut waivers = Vec::new();
        for id in about {
            for (key, range) in self.intervals(app, id).await? {
                let entry = LedgerEntry {
                    id: random::id(self.clock.now()),
                    app: Some(app.id.0),
                    sli: Some(key.sli),
                    product: Some(key.product),
                    target: (!key.target.is_empty()).then(|| key.target.clone()),
                    range,
                    kind: ExclusionKind::Waiver,
                    authority: authority.to_owned(),
                    revoked: false,
                };
                waivers.push((entry, key));
            }
        }
        let mut grant = Grant {
            waivers,
            changes: Vec::new(),
            plan: None,
        };
        let entries = grant.entries();
        if !entries.is_empty() {
            let plan = self.plan(&LedgerChange::EnterAll(&entries)).await?;
            grant.changes = self.changes(&plan).await?;
            grant.plan = Some(plan);
        }
        Ok(grant)
    }

    /// The minutes of a breach or miss, each with its series: of a breach those of its episodes, of a miss the 28 days that
    /// opened it.
    async fn intervals(&self, app: &App, id: &Text) -> Result<Vec<(SeriesKey, MinuteRange)>> {
        let (db, scope) = (&self.store.portal, Scope::system());
        let policies = self.policies().await?;
        if let Some(occurrence) = occurrences::by_breach(db, scope, app.id, id).await? {
            let evaluated = progress::last(db, PROGRESS).await?.unwrap_or(self.clock.minute());
            let episodes = episodes::of_occurrence(db, scope, occurrence.id).await?;
            let ranges = episodes.into_iter().filter_map(|episode| {
                let policy = policies.at(decisive(&episode.episode)).for_sli(episode.key.sli)?;
                let last = episode.closed.map_or(evaluated, |(tick, _)| tick);
                Some((episode.key, episode_range(policy, &episode.episode, last)))
            });
            return Ok(ranges.collect());
        }
        let Ok(miss) = id.parse::<Uuid>() else {
            return Ok(Vec::new());
        };
        let miss = misses::find(db, scope, app.id, MissId(miss)).await?;
        let range = miss.and_then(|miss| {
            let opened_at = miss.miss.opened_at;
            let policy = policies.at(opened_at).for_sli(miss.key.sli)?;
            Some((miss.key, slo::slo_window(opened_at, policy)))
        });
        Ok(range.into_iter().collect())
    }

    /// The breaches and misses that a plan excuses, or excuses no longer, as facts name them.
    async fn changes(&self, plan: &Plan) -> Result<Vec<(Text, bool)>> {
        let (db, scope) = (&self.store.portal, Scope::system());
        let mut moved: BTreeMap<OccurrenceId, BTreeMap<_, bool>> = BTreeMap::new();
        for breach in plan.breaches.iter().filter(|breach| breach.changes_standing()) {
            if let Some(occurrence) = breach.episode.occurrence {
                let excused = breach.assessment.excused;
                moved.entry(occurrence).or_default().insert(breach.episode.id, excused);
            }
        }
        let mut changes = Vec::new();
        for (id, moved) in moved {
            let Some(occurrence) = occurrences::find(db, scope, id).await? else {
                continue;
            };
            let episodes = episodes::of_occurrence(db, scope, id).await?;
            let excused = episodes
                .iter()
                .all(|episode| moved.get(&episode.id).copied().unwrap_or(episode.excused));
            if excused != occurrence.excused {
                changes.push((occurrence.breach.as_str().into(), excused));
            }
        }
        changes.extend(
            plan.misses
                .iter()
                .map(|(miss, _)| (Text::new(miss.id.to_string()), miss.excused)),
        );
        Ok(changes)
    }

    /// Decides on the open appeal of an app: granted, what it names is excused by waivers; either way it is closed, and the
    /// partner's owners are told.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not, and for who opened it; [`Error::Conflict`] where none is open, or not the one that was
    /// `shown`, or the ledger keeps changing; [`Error::Invalid`] without a verdict or a reason.
    pub async fn close_appeal(
        &self,
        actor: &Actor,
        key: &str,
        granted: Option<bool>,
        why: &str,
        shown: Option<&str>,
    ) -> Result<()> {
        let app = self.app(actor, key).await?;
        require_in(actor, Action::DecideEscalation, app.partner_id)?;
        let mut checks = Checks::default();
        if granted.is_none() {
            checks.note("verdict", "Choose whether the appeal is granted or refused.");
        }
        let why = checks.text("why", "the reason", why, 4_000);
        let (Some(granted), Some(why)) = (granted, why) else {
            return Err(checks.error());
        };
        for _ in 0..TRIES {
            if self.try_to_close_appeal(actor, &app, granted, &why, shown).await? {
                self.escalate_at_once(app.id).await;
                return Ok(());
            }
        }
        Err(Error::Conflict(
            "The ledger is being changed by others at this moment. Nothing was saved: send it again.".to_owned(),
        ))
    }

    /// Says whether it was done; not when the ledger has changed while it was worked out.
    async fn try_to_close_appeal(
        &self,
        actor: &Actor,
        app: &App,
        granted: bool,
        why: &str,
        shown: Option<&str>,
    ) -> Result<bool> {
        let known = appeals::of_app(&self.store.portal, Scope::system(), app.id).await?;
        let about = match known.last() {
            Some(appeal) if appeal.closed.is_none() => appeal.about.clone(),
            _ => Vec::new(),
        };
        let authority = format!("{}: the appeal is granted. {why}", actor.name);
        let grant = match granted {
            true => Some(self.grant(app, &about, &authority).await?),
            false => None,
        };
        let plan = grant.as_ref().and_then(|grant| grant.plan.as_ref());
        let entries = grant.as_ref().map(Grant::entries).unwrap_or_default();
        let change = LedgerChange::EnterAll(&entries);

        let mut tx = self.store.portal.begin().await?;
        if let Some(plan) = plan
            && !is_current(&mut tx, plan).await?
        {
            return Ok(false);
        }
        let now = facts::hold(&mut tx, self.clock.now().trunc_subsecs(0)).await?;
        let before = self.outcome_for(&mut tx, app, now).await?;
        if let Some(obstacle) = Verdict::CloseAppeal.obstacle(&before, now) {
            return Err(Error::Conflict(obstacle.to_owned()));
        }
        self.refuse_own(&mut tx, actor, app, Verdict::CloseAppeal).await?;
        let opened = facts::latest_of(&mut tx, app.id, FactKind::AppealOpened.name()).await?;
        if shown.is_some_and(|shown| shown != decides_on(Verdict::CloseAppeal, &before, opened.as_ref())) {
            return Err(Error::Conflict(CHANGED.to_owned()));
        }
        // What it is about was read before: once more, unless it is one from before appeals named anything.
        let read_since = appeals::of_app(&self.store.portal, Scope::system(), app.id).await?;
        if read_since.len() != known.len() {
            return Ok(false);
        }
        if let Some(plan) = plan {
            self.write_ledger_change(&mut tx, &change, plan, Who::Person(actor), now)
                .await?;
        }
        let fact = filing::file_by(
            &mut tx,
            actor,
            now,
            Some((app.id, &app.key)),
            FactKind::AppealClosed,
            why,
        )
        .await?;
        let after = self.outcome_for(&mut tx, app, now).await?;
        let effect = effect(grant.as_ref(), &about, &before, &after);
        // One from before appeals were kept has no row that a verdict could belong to.
        if known.last().is_some_and(|appeal| appeal.closed.is_none()) {
            appeals::close(&mut tx, &known[known.len() - 1].fact, &fact.id, granted, &effect).await?;
        }
        self.tell_the_verdict(&mut tx, app, granted, why, &effect, &after)
            .await?;
        for entry in &entries {
            let filed = Change {
                action: "ledger.waiver_filed",
                subject: ("ledger", entry.id.to_string(), &format!("Waiver for {}", app.name)),
                partner: Some(app.partner_id),
                before: Value::Null,
                after: super::super::waivers::described(entry),
                why: Some(why),
            };
            audit::by(&mut tx, actor, &self.clock, filed).await?;
        }
        if let Some(plan) = plan {
            self.audit_ledger_change(&mut tx, &change, plan, Who::Person(actor))
                .await?;
        }
        let change = Change {
            action: "escalation.appeal_closed",
            subject: ("app", app.id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "state": before.standing.state }),
            after: json!({
                "granted": granted, "effect": effect, "state": after.standing.state, "fact": fact.id, "at": fact.at,
            }),
            why: Some(why),
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn tell_the_verdict(
        &self,
        tx: &mut Tx,
        app: &App,
        granted: bool,
        why: &str,
        effect: &str,
        outcome: &Outcome,
    ) -> Result<()> {
        for recipient in accounts::owner_mails(tx, app.partner_id).await? {
            let verdict = mail::AppealVerdict {
                app,
                granted,
                why,
                effect,
                outcome,
                recipient: recipient.as_str(),
            };
            let mail = mail::appeal_verdict(&self.stationery(), &verdict);
            outbox::push(tx, &mail, self.clock.now()).await?;
        }
        Ok(())
    }
}

/// What a verdict did, in words for the owners.
fn effect(grant: Option<&Grant>, about: &[Text], before: &Outcome, after: &Outcome) -> String {
    let (from, to) = (before.standing.state, after.standing.state);
    let state = match from == to {
        true => format!("The app stays {}.", to.label()),
        false => format!("The app was {} and is {} now.", from.label(), to.label()),
    };
    let Some(grant) = grant else {
        return format!("Nothing is excused. {state}");
    };
    let beyond = grant.beyond(about, before).len();
    let excused = match about.len() - beyond {
        0 => "Nothing that it names can be excused by a waiver.".to_owned(),
        _ if beyond == 0 => "Everything that it names is excused by a waiver.".to_owned(),
        some => format!(
            "{some} of the {} breaches and missed targets that it names are excused by a waiver.",
            about.len()
        ),
    };
    format!("{excused} {state}")
}
