//! Mending of facts that contradict each other, or cannot be read: the one at which the engine stops is set aside, by a person and
//! with a reason (SPEC section 6). The fact stays where it is, and is left out of everything.

use chrono::SubsecRound;
use rampart_domain::{
    access::{Action, Actor},
    escalation::{Decision, Text, find_contradiction, show_time},
    id::AppId,
};
use serde_json::json;

use super::{
    super::{
        Checks, Error, Result, Service,
        access::require_in,
        audit::{self, Change},
    },
    is_same,
};
use crate::store::{
    self, Tx,
    escalation::{self, Recorded},
    facts,
};

impl Service {
    /// Leaves out the fact at which the engine stops for this app; the engine goes on at once.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not, and for who filed it; [`Error::Conflict`] where the engine does not stop at this
    /// fact, and where decisions follow from it; [`Error::Invalid`] without a reason.
    pub async fn set_fact_aside(&self, actor: &Actor, key: &str, fact: &str, why: &str) -> Result<()> {
        let app = self.app(actor, key).await?;
        require_in(actor, Action::DecideEscalation, app.partner_id)?;
        let mut checks = Checks::default();
        let Some(why) = checks.text("why", "the reason; the partner reads it", why, 4_000) else {
            return Err(checks.error());
        };
        let fact = Text::new(fact);
        let mut tx = self.store.portal.begin().await?;
        let now = self.clock.now();
        let at = facts::hold(&mut tx, now.trunc_subsecs(0)).await?;
        if obstruction(&mut tx, app.id).await? != Some(fact.clone()) {
            return Err(Error::Conflict(
                "The engine does not stop at this fact. Look at the page again: it has changed meanwhile.".to_owned(),
            ));
        }
        if facts::is_of_all_apps(&mut tx, &fact).await? {
            return Err(Error::Conflict(
                "This fact is about every app, so it cannot be set aside for one. Restore it from a backup.".to_owned(),
            ));
        }
        let filed = facts::filed_by(&mut tx, std::slice::from_ref(&fact)).await?;
        if filed.iter().any(|(_, by)| *by == actor.user) {
            return Err(Error::Forbidden(
                "You filed this fact, so somebody else has to set it aside.".to_owned(),
            ));
        }
        facts::set_aside(&mut tx, &fact, actor.user, &why, now).await?;
        let recorded = escalation::decisions_for(&mut tx, app.id).await?;
        let follows = match self.outcome_for(&mut tx, &app, at).await {
            Ok(outcome) => difference(&recorded, &outcome.decisions).is_some(),
            // The next fact contradicts as well; then it is set aside in turn.
            Err(Error::Conflict(_)) => recorded.iter().any(|known| known.decision.because.contains(&fact)),
            Err(error) => return Err(error),
        };
        if follows {
            return Err(Error::Conflict(
                "Decisions follow from this fact, so it cannot be set aside: it was fine when they were made. Restore it from a backup."
                    .to_owned(),
            ));
        }
        // Should this server stop here, another one goes on with the app.
        escalation::wake_stopped(&mut tx, now).await?;
        let change = Change {
            action: "escalation.fact_set_aside",
            subject: ("app", app.id.to_string(), &app.name),
            partner: Some(app.partner_id),
            before: json!({ "fact": fact }),
            after: json!({ "fact": fact, "set aside": true }),
            why: Some(&why),
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.escalate_at_once(app.id).await;
        Ok(())
    }
}

/// The fact at which the engine stops for an app.
async fn obstruction(tx: &mut Tx, app: AppId) -> Result<Option<Text>> {
    match facts::to_decide_on(tx, app).await?.0 {
        Ok(facts) => Ok(find_contradiction(&facts).map(|(fact, _)| fact.id.clone())),
        Err(store::Error::UnreadableFact { fact, .. }) => Ok(Some(fact.into())),
        Err(error) => Err(error.into()),
    }
}

/// Where the facts lead to other decisions than those that were made: the first that differs, in words for staff.
pub(super) fn difference(recorded: &[Recorded], now: &[Decision]) -> Option<String> {
    let (number, known) = recorded
        .iter()
        .enumerate()
        .find(|(number, known)| now.get(*number).is_none_or(|now| !is_same(&known.decision, now)))?;
    let instead = now.get(number).map_or_else(|| "no decision there".to_owned(), in_words);
    Some(format!(
        "the facts no longer lead to what was decided on them; decision {} was: {}; the facts lead to: {instead}",
        number + 1,
        in_words(&known.decision)
    ))
}

fn in_words(decision: &Decision) -> String {
    let because: Vec<&str> = decision.because.iter().map(Text::as_str).collect();
    let because = match because.as_slice() {
        [] => String::new(),
        ids => format!(", because of {}", ids.join(", ")),
    };
    format!(
        "{} to {} at {} by the rule {}, policy version {}{because}",
        decision.from,
        decision.to,
        show_time(decision.at),
        decision.rule,
        decision.policy_version
    )
}
