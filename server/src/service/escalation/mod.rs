//! The escalation engine at work: whenever a fact was filed or a due time has come, the engine decides on all facts of the app
//! anew, and what is new is kept, audited and mailed in one transaction (SPEC section 6).

mod appeals;
mod decisions;
mod mending;
pub(super) mod policy;
mod receipt;
pub(crate) mod what_if;

pub(super) use decisions::{Given, decides_on};
pub use decisions::{LONGEST_EXTENSION, Verdict};
pub use receipt::{fact_line, initial_policy};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rampart_domain::{
    access::StaffRole,
    escalation::{Decision, EscalationPolicy, Outcome, State, decide, find_contradiction},
    id::AppId,
};
use serde_json::json;

use super::{
    Result, Service,
    audit::{self, Change},
};
use crate::{
    mail, random,
    store::{
        Scope, Tx, accounts,
        apps::{self, App},
        audit::Who,
        escalation::{self, Recorded, Standing},
        facts, outbox,
    },
};

/// So many apps are decided on in one transaction.
const AT_ONCE: usize = 50;

/// What an app's engine came to.
struct Decided {
    standing: Standing,
    new: Vec<Recorded>,
    /// The end of a remediation that the decisions lead to.
    outcome: Option<Outcome>,
}

impl Service {
    /// Decides on every app for which there is something to decide. Says when the next due time comes.
    ///
    /// # Errors
    /// When the database cannot be reached; what was decided until then is kept.
    pub async fn escalate(&self) -> Result<Option<DateTime<Utc>>> {
        let takes_over = self.file_due_policies().await?;
        let thaws = self.thaw_what_is_over().await?;
        let waiting = escalation::waiting(&self.store.portal, self.clock.now()).await?;
        for some in waiting.chunks(AT_ONCE) {
            self.escalate_some(some).await?;
        }
        let due = escalation::next_due(&self.store.portal).await?;
        Ok(due.into_iter().chain(takes_over).chain(thaws).min())
    }

    /// Decides on these apps, and once more on those for which that led to a fact.
    async fn escalate_some(&self, ids: &[AppId]) -> Result<()> {
        let mut ids = ids.to_vec();
        while !ids.is_empty() {
            ids = self.escalate_once(&ids).await?;
        }
        Ok(())
    }

    /// Decides on these apps. Returns those whose remediation is completed by what was decided.
    async fn escalate_once(&self, ids: &[AppId]) -> Result<Vec<AppId>> {
        let apps = apps::by_ids(&self.store.portal, Scope::system(), ids).await?;
        let mut tx = self.store.portal.begin().await?;
        let until = facts::hold(&mut tx, self.clock.now().trunc_subsecs(0)).await?;
        let (mut news, mut plans) = (Vec::new(), Vec::new());
        for app in &apps {
            let decided = self.decided(&mut tx, app, until).await?;
            for recorded in &decided.new {
                escalation::record(&mut tx, app.id, recorded).await?;
            }
            escalation::set_standing(&mut tx, app.id, &decided.standing).await?;
            let decisions = decided.new.iter().map(|recorded| &recorded.decision);
            let plan = self
                .follow_with_plan(&mut tx, app, decided.standing.baseline, decisions)
                .await?;
            plans.extend(plan.into_iter().map(|step| (app, step)));
            news.push((app, decided));
        }
        for (app, decided) in &news {
            for recorded in &decided.new {
                self.notify(&mut tx, app, recorded, decided).await?;
            }
        }
        let mut decisions = news.iter().flat_map(|(_, decided)| &decided.new);
        if decisions.any(|recorded| recorded.decision.at == until) {
            // What comes now was not known to what was decided at this instant.
            facts::hold(&mut tx, until + TimeDelta::seconds(1)).await?;
        }
        let mut completed = Vec::new();
        for (app, decided) in &news {
            if self.is_still_complete(&mut tx, app.id, &decided.standing).await? {
                let fact = self.complete_remediation(&mut tx, app, until).await?;
                completed.extend(fact.map(|fact| (app, fact)));
            }
        }
        for (app, decided) in &news {
            for recorded in &decided.new {
                self.audit_decision(&mut tx, app, recorded).await?;
            }
        }
        for (app, step) in &plans {
            self.audit_plan(&mut tx, app, *step).await?;
        }
        for (app, fact) in &completed {
            self.audit_completion(&mut tx, app, fact).await?;
        }
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(completed.iter().map(|(app, _)| app.id).collect())
    }

    /// Decides on an app for whoever has just filed a fact, so that the next page shows it. What was filed stands either way:
    /// whatever fails here is done again by the job.
    pub(super) async fn escalate_at_once(&self, app: AppId) {
        if let Err(error) = self.escalate_some(&[app]).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "escalation failed; the job tries again"
            );
        }
        self.wake.escalation.notify_one();
    }

    /// What the facts of an app lead to. Where they are contradictory, the app stays where it is and says why.
    async fn decided(&self, tx: &mut Tx, app: &App, until: DateTime<Utc>) -> Result<Decided> {
        let before = escalation::standing_for(tx, app.id).await?;
        let recorded = escalation::decisions_for(tx, app.id).await?;
        let stopped = |error: String, facts_seq: i64| {
            tracing::error!(app = app.key, error, "escalation has stopped for an app");
            Decided {
                standing: Standing {
                    due: None,
                    facts_seq,
                    error: Some(error),
                    ..before.clone().unwrap_or_else(nowhere)
                },
                new: Vec::new(),
                outcome: None,
            }
        };
        let (facts, seq) = facts::to_decide_on(tx, app.id).await?;
        let facts = match facts {
            Ok(facts) => facts,
            Err(error) => return Ok(stopped(error.to_string(), seq)),
        };
        if let Some((fact, contradiction)) = find_contradiction(&facts) {
            return Ok(stopped(format!("the fact {}: {contradiction}", fact.id), seq));
        }
        let policy = EscalationPolicy::standard();
        let known: Vec<_> = facts.iter().collect();
        let outcome = decide(&app.key.as_str().into(), &policy, &known, until);
        if let Some(difference) = mending::difference(&recorded, &outcome.decisions) {
            return Ok(stopped(difference, seq));
        }
        let new = outcome.decisions[recorded.len()..].iter().zip(recorded.len()..);
        let new: Vec<_> = new
            .map(|(decision, number)| Recorded {
                id: random::incident_id(),
                number: number as i64,
                inputs: receipt::inputs(&policy, &facts, decision.at),
                decision: decision.clone(),
                recorded_at: self.clock.now(),
            })
            .collect();
        Ok(Decided {
            standing: Standing {
                state: outcome.standing.state,
                baseline: outcome.standing.baseline.max(DateTime::UNIX_EPOCH),
                entered: outcome.standing.entered.max(DateTime::UNIX_EPOCH),
                demoted: outcome.standing.demoted,
                deadline: outcome.ladder.deadline,
                clears: outcome.ladder.clears,
                paused: outcome.ladder.frozen || outcome.ladder.appeal_open,
                due: outcome.due,
                facts_seq: seq,
                decisions: outcome.decisions.len() as i64,
                error: None,
            },
            new,
            outcome: Some(outcome),
        })
    }

    /// Tells the partner's owners, and where a program manager has to decide, those too.
    async fn notify(&self, tx: &mut Tx, app: &App, recorded: &Recorded, decided: &Decided) -> Result<()> {
        let Some(outcome) = &decided.outcome else { return Ok(()) };
        let owners = accounts::owner_mails(tx, app.partner_id).await?;
        let managers = match recorded.decision.to {
            State::DemotionProposed => accounts::staff_mails(tx, StaffRole::ProgramManager).await?,
            _ => Vec::new(),
        };
        let owners = owners.iter().map(|mail| (mail, false));
        for (recipient, to_staff) in owners.chain(managers.iter().map(|mail| (mail, true))) {
            let notice = mail::DecisionNotice {
                app,
                recorded,
                outcome,
                designation: &self.config.platform.designation,
                recipient: recipient.as_str(),
                to_staff,
            };
            outbox::push(
                tx,
                &mail::decision_notice(&self.stationery(), &notice),
                self.clock.now(),
            )
            .await?;
        }
        Ok(())
    }

    async fn audit_decision(&self, tx: &mut Tx, app: &App, recorded: &Recorded) -> Result<()> {
        let decision = &recorded.decision;
        let change = Change {
            action: "escalation.decided",
            subject: ("app", app.id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "state": decision.from }),
            after: json!({
                "state": decision.to, "rule": decision.rule, "at": decision.at, "facts": decision.because,
                "policy version": decision.policy_version, "receipt": recorded.id,
            }),
            why: Some(&decision.explanation),
        };
        audit::write(tx, Who::System, &self.clock, change).await
    }
}

/// The same decision, in whatever words it is explained.
fn is_same(one: &Decision, other: &Decision) -> bool {
    (one.at, one.from, one.to, one.rule, &one.because, one.policy_version)
        == (
            other.at,
            other.from,
            other.to,
            other.rule,
            &other.because,
            other.policy_version,
        )
}

/// Where an app stands of which nothing is known.
fn nowhere() -> Standing {
    Standing {
        state: State::None,
        baseline: DateTime::UNIX_EPOCH,
        entered: DateTime::UNIX_EPOCH,
        demoted: None,
        deadline: None,
        clears: None,
        paused: false,
        due: None,
        facts_seq: 0,
        decisions: 0,
        error: None,
    }
}
