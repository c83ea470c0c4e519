//! What people decide: the designation, proposed demotions, appeals and freezes. Each is a fact with a reason, on which the
//! engine then acts (SPEC section 6).

use chrono::SubsecRound;
use rampart_app::model::ActKind;
use rampart_domain::{
    access::{Action, Actor, StaffRole},
    escalation::{EscalationPolicy, Fact, FactKind, Outcome, Rule, State, Text, decide, find_contradiction},
};
use serde_json::json;

use super::super::{
    Checks, Error, Result, Service,
    access::{require, require_in},
    audit::{self, Change},
    facts as filing,
};
use crate::{
    mail,
    store::{Tx, accounts, appeals, apps::App, escalation, facts, outbox},
};

/// What a person decides about an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Designate,
    Withdraw,
    ConfirmDemotion,
    /// With so many days until the new deadline.
    DeclineDemotion {
        extend_days: u64,
    },
    Reinstate,
    OpenAppeal,
    CloseAppeal,
    Freeze,
    Thaw,
}

/// What came with a verdict.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::service) struct Given<'a> {
    /// What an appeal is about; `None` for everything.
    pub about: Option<&'a [&'a str]>,
    /// What the page showed that it is decided on, as [`decides_on`] names it.
    pub shown: Option<&'a str>,
}

/// A verdict that was filed.
pub(in crate::service) struct Filed {
    verdict: Verdict,
    /// Where the app stood before.
    before: State,
    fact: Fact,
}

/// The longest extension of a deadline, in days.
pub const LONGEST_EXTENSION: u64 = 365;

impl Verdict {
    /// What a person chose to decide; `extend_days` matters to a declined demotion alone.
    pub fn of(kind: ActKind, extend_days: u64) -> Self {
        match kind {
            ActKind::Designate => Self::Designate,
            ActKind::Withdraw => Self::Withdraw,
            ActKind::ConfirmDemotion => Self::ConfirmDemotion,
            ActKind::DeclineDemotion => Self::DeclineDemotion { extend_days },
            ActKind::Reinstate => Self::Reinstate,
            ActKind::OpenAppeal => Self::OpenAppeal,
            ActKind::CloseAppeal => Self::CloseAppeal,
            ActKind::Freeze => Self::Freeze,
            ActKind::Thaw => Self::Thaw,
        }
    }

    pub(in crate::service) fn needs(self) -> Action {
        match self {
            Self::OpenAppeal => Action::AppealDecisions,
            _ => Action::DecideEscalation,
        }
    }

    fn fact(self) -> FactKind {
        match self {
            Self::Designate => FactKind::Designated,
            Self::Withdraw => FactKind::Withdrawn,
            Self::ConfirmDemotion => FactKind::DemotionConfirmed,
            Self::DeclineDemotion { extend_days } => FactKind::DemotionDeclined { extend_days },
            Self::Reinstate => FactKind::Reinstated,
            Self::OpenAppeal => FactKind::AppealOpened,
            Self::CloseAppeal => FactKind::AppealClosed,
            Self::Freeze => FactKind::Frozen,
            Self::Thaw => FactKind::Thawed,
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Designate => "escalation.designated",
            Self::Withdraw => "escalation.withdrawn",
            Self::ConfirmDemotion => "escalation.demotion_confirmed",
            Self::DeclineDemotion { .. } => "escalation.demotion_declined",
            Self::Reinstate => "escalation.reinstated",
            Self::OpenAppeal => "escalation.appeal_opened",
            Self::CloseAppeal => "escalation.appeal_closed",
            Self::Freeze => "escalation.frozen",
            Self::Thaw => "escalation.thawed",
        }
    }

    /// Why this cannot be decided where the app stands; nothing when it can.
    pub(in crate::service) fn obstacle(
        self,
        outcome: &Outcome,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Option<&'static str> {
        let (state, ladder) = (outcome.standing.state, &outcome.ladder);
        let waits = ladder.cools_off.is_some_and(|until| at < until);
        match self {
            Self::Designate if state != State::None => Some("This app carries the designation already."),
            Self::Designate | Self::Reinstate if waits => {
                Some("The wait after the demotion is not over; the page says when it is.")
            }
            Self::Withdraw if state == State::None => Some("This app does not carry the designation."),
            Self::ConfirmDemotion | Self::DeclineDemotion { .. } if state != State::DemotionProposed => {
                Some("No demotion is proposed any more. Look at the page again: it has changed meanwhile.")
            }
            Self::ConfirmDemotion if ladder.appeal_open => {
                Some("An appeal is open. Decide on it first; until then nobody can confirm the demotion.")
            }
            Self::ConfirmDemotion if ladder.frozen => {
                Some("Enforcement is frozen. Until it is thawed nobody can confirm the demotion.")
            }
            Self::Reinstate if state != State::Demoted => Some("This app is not demoted."),
            Self::OpenAppeal if ladder.appeal_open => Some("An appeal is open already."),
            Self::OpenAppeal if matches!(state, State::None | State::GoodStanding) => {
                Some("There is nothing to appeal: the app is in good standing, or not in the programme.")
            }
            Self::CloseAppeal if !ladder.appeal_open => Some("No appeal is open."),
            Self::Freeze if ladder.app_frozen => Some("This app is frozen already."),
            Self::Thaw if !ladder.app_frozen => Some("This app is not frozen."),
            _ => None,
        }
    }
}

/// What is decided on: a proposed demotion is named by the number of decisions that led to it, an appeal by its fact. What can
/// only be decided once in a state has no name.
pub(in crate::service) fn decides_on(verdict: Verdict, outcome: &Outcome, appeal: Option<&Text>) -> String {
    match verdict {
        Verdict::ConfirmDemotion | Verdict::DeclineDemotion { .. } => outcome.decisions.len().to_string(),
        Verdict::CloseAppeal => appeal.map(ToString::to_string).unwrap_or_default(),
        _ => String::new(),
    }
}

pub(super) const CHANGED: &str = "This is about something else than what you saw: it was decided meanwhile. Nothing was done; look at the page again.";

impl Service {
    /// Files what a person decides about an app, and has the engine act on it at once.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not, and for who would decide on what they filed themselves; [`Error::Conflict`] where
    /// the app stands elsewhere by now; [`Error::Invalid`] without a reason.
    pub async fn decide_escalation(&self, actor: &Actor, key: &str, verdict: Verdict, why: &str) -> Result<()> {
        match verdict {
            // Without a word on what it is about, an appeal is about everything; closed without being granted, it is refused.
            Verdict::CloseAppeal => self.close_appeal(actor, key, Some(false), why, None).await,
            verdict => self.decide_about(actor, key, verdict, None, why, None).await,
        }
    }

    /// As [`Self::decide_escalation`], on what the actor saw: `decides_on` as [`decides_on`] names it.
    ///
    /// # Errors
    /// As there; [`Error::Conflict`] when it is something else by now.
    pub async fn decide_on_what_was_shown(
        &self,
        actor: &Actor,
        key: &str,
        verdict: Verdict,
        why: &str,
        decides_on: Option<&str>,
    ) -> Result<()> {
        self.decide_about(actor, key, verdict, None, why, decides_on).await
    }

    /// Files an appeal of an owner about these breaches and misses, of those on which the app's state may rest.
    ///
    /// # Errors
    /// As [`Self::decide_escalation`]; [`Error::Invalid`] for what it cannot be about.
    pub async fn open_appeal(&self, actor: &Actor, key: &str, about: &[&str], why: &str) -> Result<()> {
        self.decide_about(actor, key, Verdict::OpenAppeal, Some(about), why, None)
            .await
    }

    async fn decide_about(
        &self,
        actor: &Actor,
        key: &str,
        verdict: Verdict,
        about: Option<&[&str]>,
        why: &str,
        shown: Option<&str>,
    ) -> Result<()> {
        let app = self.app(actor, key).await?;
        require_in(actor, verdict.needs(), app.partner_id)?;
        let mut checks = Checks::default();
        if let Verdict::DeclineDemotion { extend_days } = verdict
            && !(1..=LONGEST_EXTENSION).contains(&extend_days)
        {
            checks.note("extend_days", format!("Enter 1 to {LONGEST_EXTENSION} days."));
        }
        let why = checks.text("why", "the reason", why, 4_000);
        let Some(why) = why.filter(|_| checks.is_fine()) else {
            return Err(checks.error());
        };
        let mut tx = self.store.portal.begin().await?;
        let filed = self
            .file_verdict(&mut tx, actor, &app, verdict, &why, Given { about, shown })
            .await?;
        if verdict == Verdict::OpenAppeal {
            for manager in accounts::staff_mails(&mut tx, StaffRole::ProgramManager).await? {
                let mail = mail::appeal_opened(&self.stationery(), &app, &actor.name, &why, manager.as_str());
                outbox::push(&mut tx, &mail, self.clock.now()).await?;
            }
        }
        self.audit_verdict(&mut tx, actor, &app, &filed, &why).await?;
        tx.commit().await?;
        self.escalate_at_once(app.id).await;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// Files a verdict in the transaction of whoever decides; [`Self::audit_verdict`] comes last in it.
    ///
    /// # Errors
    /// As [`Self::decide_escalation`].
    pub(in crate::service) async fn file_verdict(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        app: &App,
        verdict: Verdict,
        why: &str,
        given: Given<'_>,
    ) -> Result<Filed> {
        let now = facts::hold(tx, self.clock.now().trunc_subsecs(0)).await?;
        let outcome = self.outcome_for(tx, app, now).await?;
        if let Some(obstacle) = verdict.obstacle(&outcome, now) {
            return Err(Error::Conflict(obstacle.to_owned()));
        }
        let is_shown = |shown: &str| shown == decides_on(verdict, &outcome, None);
        if !given.shown.is_none_or(is_shown) {
            return Err(Error::Conflict(CHANGED.to_owned()));
        }
        self.refuse_own(tx, actor, app, verdict).await?;
        let about = appealed(&outcome, given.about)?;
        let fact = filing::file_by(tx, actor, now, Some((app.id, &app.key)), verdict.fact(), why).await?;
        if verdict == Verdict::OpenAppeal {
            appeals::open(tx, &fact.id, app.id, &about).await?;
        }
        Ok(Filed {
            verdict,
            before: outcome.standing.state,
            fact,
        })
    }

    /// The audit row of a verdict.
    pub(in crate::service) async fn audit_verdict(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        app: &App,
        filed: &Filed,
        why: &str,
    ) -> Result<()> {
        let change = Change {
            action: filed.verdict.action(),
            subject: ("app", app.id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "state": filed.before }),
            after: json!({ "fact": filed.fact.id, "at": filed.fact.at }),
            why: Some(why),
        };
        audit::by(tx, actor, &self.clock, change).await
    }

    /// Freezes or thaws enforcement for every app.
    ///
    /// # Errors
    /// As [`Self::decide_escalation`].
    pub async fn freeze_all(&self, actor: &Actor, frozen: bool, why: &str) -> Result<()> {
        require(actor, Action::DecideEscalation)?;
        let mut checks = Checks::default();
        let Some(why) = checks.text("why", "the reason", why, 4_000) else {
            return Err(checks.error());
        };
        let mut tx = self.store.portal.begin().await?;
        let now = facts::hold(&mut tx, self.clock.now().trunc_subsecs(0)).await?;
        if facts::all_frozen(&mut tx).await? == frozen {
            let already = if frozen {
                "Every app is frozen already."
            } else {
                "Not every app is frozen."
            };
            return Err(Error::Conflict(already.to_owned()));
        }
        let (kind, action) = match frozen {
            true => (FactKind::Frozen, "escalation.all_frozen"),
            false => (FactKind::Thawed, "escalation.all_thawed"),
        };
        let fact = filing::file_by(&mut tx, actor, now, None, kind, &why).await?;
        let change = Change {
            action,
            subject: ("escalation", "all".to_owned(), "every app"),
            partner: None,
            before: json!({ "frozen": !frozen }),
            after: json!({ "frozen": frozen, "fact": fact.id, "at": fact.at }),
            why: Some(&why),
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.escalation.notify_one();
        Ok(())
    }

    /// Where the app stands at `now` by all facts, whether or not they were worked off.
    pub(super) async fn outcome_for(
        &self,
        tx: &mut Tx,
        app: &App,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Outcome> {
        let (facts, _) = facts::to_decide_on(tx, app.id).await?;
        let facts = facts.ok().filter(|facts| find_contradiction(facts).is_none());
        let facts = facts.ok_or_else(|| {
            let why = "The facts about this app contradict each other, so nothing can be decided until that is mended.";
            Error::Conflict(why.to_owned())
        })?;
        let known: Vec<_> = facts.iter().collect();
        Ok(decide(
            &app.key.as_str().into(),
            &EscalationPolicy::standard(),
            &known,
            now,
        ))
    }

    /// Nobody decides on what they filed themselves (SPEC section 1): a demotion that rests on a fact of theirs, their own
    /// appeal, or a designation for which they asked to be let off a requirement.
    pub(super) async fn refuse_own(&self, tx: &mut Tx, actor: &Actor, app: &App, verdict: Verdict) -> Result<()> {
        if verdict == Verdict::Designate {
            self.refuse_partial(tx, actor, app).await?;
        }
        let rests_on: Vec<Text> = match verdict {
            Verdict::ConfirmDemotion | Verdict::DeclineDemotion { .. } => {
                let decisions = escalation::decisions_for(tx, app.id).await?;
                let path = decisions.iter().rev().map(|recorded| &recorded.decision);
                path.take_while(|decision| decision.to != State::GoodStanding)
                    // What a program manager decided on the way is no evidence.
                    .filter(|decision| decision.rule != Rule::Declined)
                    .flat_map(|decision| decision.because.clone())
                    .collect()
            }
            Verdict::CloseAppeal => facts::latest_of(tx, app.id, FactKind::AppealOpened.name())
                .await?
                .into_iter()
                .collect(),
            _ => Vec::new(),
        };
        let filed = facts::filed_by(tx, &rests_on).await?;
        if filed.iter().any(|(_, by)| *by == actor.user) {
            return Err(Error::Forbidden(
                "You filed a fact that this rests on, so somebody else has to decide it.".to_owned(),
            ));
        }
        Ok(())
    }
}

/// What an appeal is about: of what it can be about, what was chosen, or everything.
fn appealed(outcome: &Outcome, chosen: Option<&[&str]>) -> Result<Vec<Text>> {
    let can = || outcome.ladder.appealable.iter().map(|one| one.id.clone());
    let Some(chosen) = chosen else {
        return Ok(can().collect());
    };
    let mut checks = Checks::default();
    if chosen.iter().any(|id| can().all(|known| known.as_str() != *id)) {
        checks.note(
            "about",
            "What counts has changed meanwhile. Look at the list again, and choose from it.",
        );
    } else if chosen.is_empty() && can().next().is_some() {
        checks.note("about", "Choose at least one breach or missed target.");
    }
    if !checks.is_fine() {
        return Err(checks.error());
    }
    Ok(can().filter(|id| chosen.contains(&id.as_str())).collect())
}
