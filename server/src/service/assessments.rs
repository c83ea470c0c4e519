//! The partner assesses each of its breaches (SPEC section 2).

use rampart_domain::{
    access::{Action, Actor},
    alert::Verdict,
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    audit::{self, Change},
};
use crate::store::{
    Scope,
    assessments::{self, Assessment},
    episodes,
};

/// How many characters a note has at most.
const NOTE_LENGTH: usize = 2_000;

impl Service {
    /// Says that a breach was no emergency, and why. `version` is that of what was said before, 0 for nothing.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody else said something meanwhile.
    pub async fn assess_breach(
        &self,
        actor: &Actor,
        key: &str,
        incident_id: &str,
        version: i64,
        note: &str,
    ) -> Result<()> {
        let mut checks = Checks::default();
        let note = checks.text("note", "why it was no emergency", note, NOTE_LENGTH);
        let verdict = (Verdict::NoEmergency, note.as_deref().unwrap_or_default());
        let refusal = (!checks.is_fine()).then(|| checks.error());
        self.assess(actor, key, incident_id, version, verdict, refusal).await
    }

    /// Takes back what was said: the breach was not looked at.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody else said something meanwhile.
    pub async fn withdraw_assessment(&self, actor: &Actor, key: &str, incident_id: &str, version: i64) -> Result<()> {
        let verdict = (Verdict::NotLookedAt, "");
        self.assess(actor, key, incident_id, version, verdict, None).await
    }

    /// `refusal` is what is wrong with the form, said to those who may send it.
    async fn assess(
        &self,
        actor: &Actor,
        key: &str,
        incident_id: &str,
        version: i64,
        (verdict, note): (Verdict, &str),
        refusal: Option<Error>,
    ) -> Result<()> {
        let app = self.app_for(actor, key, Action::AssessBreach).await?;
        let scope = Scope::of(actor, Action::AssessBreach);
        let episode = episodes::by_incident_id(&self.store.portal, scope, app.id, incident_id)
            .await?
            .ok_or(Error::NotFound)?;
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let known = assessments::of_episodes(&self.store.portal, scope, &[episode.id]).await?;
        let before = known.get(&episode.id);
        if verdict == Verdict::NotLookedAt && before.is_none_or(|before| before.verdict == verdict) {
            return Err(Error::Conflict("Nothing was said of this breach yet.".to_owned()));
        }
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        if !assessments::put(&mut tx, episode.id, version, verdict, note, actor.user, now).await? {
            return Err(Error::Stale(
                "Somebody else assessed this breach meanwhile. What they wrote stands beside yours; send again to replace it."
                    .to_owned(),
            ));
        }
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "breach.assessed",
                subject: ("breach", episode.incident_id.clone(), &app.name),
                partner: Some(app.partner_id),
                before: before.map_or_else(|| described(Verdict::NotLookedAt, ""), described_by),
                after: described(verdict, note),
                why: None,
            },
        )
        .await?;
        Ok(tx.commit().await?)
    }
}

fn described_by(assessment: &Assessment) -> Value {
    described(assessment.verdict, &assessment.note)
}

fn described(verdict: Verdict, note: &str) -> Value {
    match note {
        "" => json!({ "assessment": verdict.name() }),
        note => json!({ "assessment": verdict.name(), "note": note }),
    }
}
