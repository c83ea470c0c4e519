//! Freezes of every app: by the portal itself while it cannot tell how apps are doing, and by program managers (SPEC section 6).

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rampart_domain::{
    access::{Action, Actor},
    count::Minute,
    escalation::{Fact, FactKind},
    exclusion::{ExclusionKind, LedgerEntry},
};
use serde_json::json;

use super::{
    Checks, Error, Result, Service,
    access::require,
    audit::{self, Change},
    evaluation::PROGRESS,
    facts as filing,
};
use crate::store::{
    Tx,
    audit::Who,
    facts,
    freezes::{self, Cause, Freeze},
    progress,
};

/// So long after its cause has ended a freeze of the portal's own thaws.
const THAWS_AFTER: TimeDelta = TimeDelta::hours(24);

/// When a freeze thaws by itself; nothing when only a person thaws it.
pub(super) fn thaws(freeze: &Freeze) -> Option<DateTime<Utc>> {
    match &freeze.cause {
        Cause::Gaps { ended, kept: None, .. } => Some(*ended + THAWS_AFTER),
        Cause::Gaps { .. } | Cause::Person { .. } => None,
    }
}

impl Service {
    /// Freezes every app for a data gap of all of them that Rampart itself files or extends. Returns the fact when it did so
    /// by this: not where everything is frozen already, nor when a person thawed what this gap had frozen, nor for a gap so
    /// long ago that the freeze would be over.
    pub(super) async fn freeze_for_gap(&self, tx: &mut Tx, gap: &LedgerEntry) -> Result<Option<Fact>> {
        if gap.kind != ExclusionKind::DataGap || gap.app.is_some() {
            return Ok(None);
        }
        let now = facts::hold(tx, self.clock.now().trunc_subsecs(0)).await?;
        if gap.range.end.start() + THAWS_AFTER <= now || freezes::is_known(tx, gap.id).await? {
            return Ok(None);
        }
        if let Some(present) = freezes::present(tx).await? {
            freezes::note_cause(tx, gap.id, &present.fact).await?;
            return Ok(None);
        }
        let fact = filing::file(tx, now, None, FactKind::Frozen).await?;
        freezes::note_cause(tx, gap.id, &fact.id).await?;
        Ok(Some(fact))
    }

    /// Writes the audit row of a freeze that a gap led to.
    pub(super) async fn audit_gap_freeze(&self, tx: &mut Tx, fact: &Fact, gap: &LedgerEntry) -> Result<()> {
        let change = Change {
            action: "escalation.all_frozen",
            subject: ("escalation", "all".to_owned(), "every app"),
            partner: None,
            before: json!({ "frozen": false }),
            after: json!({ "frozen": true, "fact": fact.id, "at": fact.at, "data gap": gap.id }),
            why: Some(&gap.authority),
        };
        audit::write(tx, Who::System, &self.clock, change).await
    }

    /// Thaws every app where a freeze of the portal's own is over, at the second at which it is, however late that is noticed.
    /// Says when the next thaw comes.
    ///
    /// It waits for the evaluation: a gap may go on in minutes that are not evaluated yet.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(super) async fn thaw_what_is_over(&self) -> Result<Option<DateTime<Utc>>> {
        let db = &self.store.portal;
        let Some(due) = freezes::shown(db).await?.as_ref().and_then(thaws) else {
            return Ok(None);
        };
        let now = self.clock.now();
        if due > now || progress::last(db, PROGRESS).await? < Some(Minute::of(due)) {
            return Ok(Some(due).filter(|due| *due > now));
        }
        let mut tx = db.begin().await?;
        let known = facts::hold(&mut tx, due).await?;
        // Somebody may have kept it meanwhile, another server thawed it, or the gap gone on.
        let present = freezes::present(&mut tx).await?;
        let Some(freeze) = present.filter(|freeze| thaws(freeze) == Some(due)) else {
            return Ok(None);
        };
        let fact = filing::file(&mut tx, known, None, FactKind::Thawed).await?;
        let change = Change {
            action: "escalation.all_thawed",
            subject: ("escalation", "all".to_owned(), "every app"),
            partner: None,
            before: json!({ "frozen": true, "fact": freeze.fact }),
            after: json!({ "frozen": false, "fact": fact.id, "at": fact.at }),
            why: Some("24 hours have passed since what the portal was frozen for ended"),
        };
        audit::write(&mut tx, Who::System, &self.clock, change).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Keeps a freeze of the portal's own: from now on only a person thaws it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who may not; [`Error::Conflict`] where there is nothing to keep; [`Error::Invalid`] without a
    /// reason.
    pub async fn keep_freeze(&self, actor: &Actor, why: &str) -> Result<()> {
        require(actor, Action::DecideEscalation)?;
        let mut checks = Checks::default();
        let Some(why) = checks.text("why", "the reason", why, 4_000) else {
            return Err(checks.error());
        };
        let mut tx = self.store.portal.begin().await?;
        let now = self.clock.now();
        facts::hold(&mut tx, now.trunc_subsecs(0)).await?;
        let obstacle = |text: &str| Error::Conflict(text.to_owned());
        let freeze = freezes::present(&mut tx).await?;
        let freeze = freeze.ok_or_else(|| obstacle("Not every app is frozen."))?;
        let Some(thaws) = thaws(&freeze) else {
            return Err(obstacle(
                "This freeze does not thaw by itself; there is nothing to keep.",
            ));
        };
        freezes::keep(&mut tx, &freeze.fact, actor.user, &why, now).await?;
        let change = Change {
            action: "escalation.freeze_kept",
            subject: ("escalation", "all".to_owned(), "every app"),
            partner: None,
            before: json!({ "fact": freeze.fact, "thaws": thaws }),
            after: json!({ "fact": freeze.fact, "thaws": null }),
            why: Some(&why),
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        Ok(tx.commit().await?)
    }
}
