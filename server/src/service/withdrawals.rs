//! Withdraws the designation of apps whose readiness document expired (SPEC section 3): a program manager announces it, and it
//! comes into effect by itself unless the document is approved or somebody calls it off before.

use chrono::{DateTime, SubsecRound, Utc};
use rampart_domain::{
    access::{Action, Actor},
    escalation::{FactKind, State},
    id::WithdrawalId,
    readiness::{self, may_withdraw_from, withdrawal_takes_effect},
};
use serde_json::{Value, json};

use super::{
    Checks, Error, Result, Service,
    approval::refuse_own_people,
    audit::{self, Change},
    facts as filing,
    readiness::{latest, page},
};
use crate::{
    mail::ReadinessNews,
    random,
    store::{
        Scope, Tx, accounts,
        apps::{self, App},
        audit::Who,
        escalation, facts,
        readiness::{self as documents, Standing},
        withdrawals::{self, Withdrawal},
    },
};

const APPROVED: &str = "The readiness document was approved.";
const LEFT: &str = "The app does not carry the designation any more.";

/// Why a withdrawal cannot be announced where the document stands; nothing when it can.
pub(super) fn obstacle(standing: Option<&Standing>, state: State, now: DateTime<Utc>) -> Option<String> {
    if state == State::None {
        return Some("This app does not carry the designation.".to_owned());
    }
    let Some((standing, approval)) = standing.and_then(|standing| Some((standing, standing.approval?))) else {
        return Some("The readiness document of this app was never approved, so it has not expired.".to_owned());
    };
    let from = may_withdraw_from(approval.expires_at);
    if now < from {
        return Some(format!(
            "The designation can be withdrawn once the document has been expired for 4 weeks, from {}.",
            from.format("%-d %b %Y, %H:%M UTC")
        ));
    }
    (standing.document.state == readiness::State::Submitted)
        .then(|| "The document is with the reviewers. Decide on it first.".to_owned())
}

impl Service {
    /// Announces that the designation of an app is withdrawn in 28 days because its readiness document expired.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not, and for the partner's own people; [`Error::Invalid`] without a reason;
    /// [`Error::Conflict`] before 4 weeks have passed, while the document is with the reviewers, and where it is announced.
    pub async fn announce_withdrawal(&self, actor: &Actor, key: &str, why: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::DecideEscalation).await?;
        refuse_own_people(actor, &app)?;
        let why = reason(why)?;
        let (db, scope) = (&self.store.portal, Scope::of(actor, Action::ViewApp));
        let now = self.clock.now();
        let mut tx = db.begin().await?;
        let state = escalation::standing_for(&mut tx, app.id)
            .await?
            .map_or(State::None, |standing| standing.state);
        // Whoever submits or decides meanwhile waits for this.
        documents::open(&mut tx, app.id, latest()?.version).await?;
        let standing = documents::standing(db, scope, app.id).await?;
        if let Some(obstacle) = obstacle(standing.as_ref(), state, now) {
            return Err(Error::Conflict(obstacle));
        }
        let effective = withdrawal_takes_effect(now);
        let id = WithdrawalId(random::id(now));
        if !withdrawals::announce(&mut tx, id, app.id, (actor.user, &why), (now, effective)).await? {
            return Err(Error::Conflict("The withdrawal is announced already.".to_owned()));
        }
        let news = ReadinessNews::WithdrawalAnnounced {
            effective,
            reason: &why,
        };
        self.tell_owners_of_readiness(&mut tx, &app, news).await?;
        let after = json!({ "withdrawal": id, "effective": effective });
        let change = changed("withdrawal.announced", &app, Value::Null, after, Some(&why));
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// Calls an announced withdrawal off.
    ///
    /// # Errors
    /// As [`Self::announce_withdrawal`]; [`Error::Conflict`] where none is announced.
    pub async fn call_withdrawal_off(&self, actor: &Actor, key: &str, why: &str) -> Result<()> {
        let app = self.app_for(actor, key, Action::DecideEscalation).await?;
        refuse_own_people(actor, &app)?;
        let why = reason(why)?;
        let mut tx = self.store.portal.begin().await?;
        let Some(withdrawal) = withdrawals::open_for(&mut tx, app.id).await? else {
            return Err(none_open());
        };
        if !withdrawals::end(&mut tx, withdrawal.id, self.clock.now(), (Some(actor.user), &why)).await? {
            return Err(none_open());
        }
        let news = ReadinessNews::WithdrawalCalledOff { reason: &why };
        self.tell_owners_of_readiness(&mut tx, &app, news).await?;
        let change = changed(
            "withdrawal.called_off",
            &app,
            effect(&withdrawal),
            Value::Null,
            Some(&why),
        );
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    /// Ends the withdrawal of an app whose document is approved, in that transaction. Its audit row comes before the one of the
    /// approval.
    pub(super) async fn drop_withdrawal(&self, tx: &mut Tx, app: &App) -> Result<()> {
        let Some(withdrawal) = withdrawals::open_for(tx, app.id).await? else {
            return Ok(());
        };
        self.end_by_itself(tx, app, &withdrawal, ("withdrawal.ended", APPROVED))
            .await?;
        Ok(())
    }

    /// Withdraws the designation of each app whose notice is over. While a document is with the reviewers, its app waits for
    /// them. Says how many were withdrawn.
    ///
    /// # Errors
    /// When the database cannot be reached; what was withdrawn until then is.
    pub async fn carry_out_withdrawals(&self) -> Result<usize> {
        let (db, scope) = (&self.store.portal, Scope::system());
        let due = withdrawals::due(db, self.clock.now()).await?;
        let mut withdrawn = 0;
        for app in apps::by_ids(db, scope, &due).await? {
            if self.carry_out(&app).await? {
                withdrawn += 1;
                self.escalate_at_once(app.id).await;
            }
        }
        Ok(withdrawn)
    }

    /// Says whether the app leaves the programme by it.
    async fn carry_out(&self, app: &App) -> Result<bool> {
        let mut tx = self.store.portal.begin().await?;
        let now = facts::hold(&mut tx, self.clock.now().trunc_subsecs(0)).await?;
        let document = documents::open(&mut tx, app.id, latest()?.version).await?;
        // Another server may have carried it out, somebody called it off, or the partner submitted.
        let withdrawal = withdrawals::open_for(&mut tx, app.id).await?;
        let is_read = document.state == readiness::State::Submitted;
        let Some(withdrawal) = withdrawal.filter(|open| open.effective_at <= now && !is_read) else {
            return Ok(false);
        };
        let standing = escalation::standing_for(&mut tx, app.id).await?;
        let carries = standing.is_some_and(|standing| standing.state != State::None);
        if carries {
            filing::file(&mut tx, now, Some((app.id, &app.key)), FactKind::Withdrawn).await?;
        }
        let how = match carries {
            true => ("withdrawal.carried_out", withdrawal.why.as_str()),
            false => ("withdrawal.ended", LEFT),
        };
        let ended = self.end_by_itself(&mut tx, app, &withdrawal, how).await?;
        tx.commit().await?;
        Ok(ended && carries)
    }

    async fn end_by_itself(
        &self,
        tx: &mut Tx,
        app: &App,
        withdrawal: &Withdrawal,
        (action, why): (&'static str, &str),
    ) -> Result<bool> {
        let ended = withdrawals::end(tx, withdrawal.id, self.clock.now(), (None, why)).await?;
        if ended {
            let change = changed(action, app, effect(withdrawal), Value::Null, Some(why));
            audit::write(tx, Who::System, &self.clock, change).await?;
        }
        Ok(ended)
    }

    async fn tell_owners_of_readiness(&self, tx: &mut Tx, app: &App, news: ReadinessNews<'_>) -> Result<()> {
        for owner in accounts::owner_mails(tx, app.partner_id).await? {
            self.tell_of_readiness(tx, app, news, &page(app), &owner).await?;
        }
        Ok(())
    }
}

fn reason(why: &str) -> Result<String> {
    let mut checks = Checks::default();
    let why = checks.text("why", "the reason", why, 4_000);
    why.ok_or_else(|| checks.error())
}

fn none_open() -> Error {
    Error::Conflict("No withdrawal is announced for this app.".to_owned())
}

fn effect(withdrawal: &Withdrawal) -> Value {
    json!({ "withdrawal": withdrawal.id, "effective": withdrawal.effective_at })
}

fn changed<'a>(action: &'static str, app: &'a App, before: Value, after: Value, why: Option<&'a str>) -> Change<'a> {
    Change {
        action,
        subject: ("app", app.id.to_string(), &app.name),
        partner: Some(app.partner_id),
        before,
        after,
        why,
    }
}
