//! The escalation policy: publishing its next version, and filing it once it takes over (SPEC section 6).

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rampart_app::model::{EscalationNumber, PolicyChange};
use rampart_domain::{
    access::{Action, Actor},
    escalation::{EscalationPolicy, FactKind, Publication, pending},
};
use serde_json::{Value, json};

use super::super::{
    Checks, Error, Result, Service,
    access::require,
    audit::{self, Change},
    error::Invalid,
    facts as filing,
    policies::PolicyForm,
};
use crate::store::{
    Tx,
    audit::Who,
    escalation_policies::{self, Version},
    facts, what_ifs,
};

const REASON_LENGTH: usize = 1_000;

/// The next version as it was typed.
pub(super) struct Draft {
    pub policy: EscalationPolicy,
    /// `None` for as soon as it is published.
    pub starts: Option<DateTime<Utc>>,
}

/// Every version, and which of them are in force or will be.
pub(in crate::service) struct Versions {
    /// The latest first.
    pub history: Vec<Version>,
    /// Since when each version that was published has been in force, in order.
    pub published: Vec<(u64, DateTime<Utc>)>,
    /// The policy in force.
    pub holds: EscalationPolicy,
    /// Those that are planned, the next first.
    pub pending: Vec<Publication>,
}

impl Versions {
    /// The version that was published last or is planned last; the next one is based on it.
    pub fn latest(&self) -> EscalationPolicy {
        let latest = self.history.first().map(|version| version.publication.policy.clone());
        latest.unwrap_or_else(EscalationPolicy::standard)
    }

    /// The planned versions that one which starts at this time replaces.
    pub fn replaced_by(&self, starts: DateTime<Utc>) -> impl Iterator<Item = &Publication> {
        self.pending.iter().filter(move |planned| planned.starts >= starts)
    }
}

impl Service {
    /// Every version of the escalation policy.
    pub(in crate::service) async fn escalation_versions(&self) -> Result<Versions> {
        let history = escalation_policies::history(&self.store.portal).await?;
        let facts = facts::of_all_apps(&self.store.portal).await?;
        let mut holds = EscalationPolicy::standard();
        let mut published = Vec::new();
        for (_, fact) in facts {
            if let FactKind::PolicyPublished { policy } = fact.kind {
                published.push((policy.version, fact.at));
                holds = (*policy).clone();
            }
        }
        let versions = history.iter().map(|version| version.publication.clone()).collect();
        Ok(Versions {
            pending: pending(versions, holds.version),
            history,
            published,
            holds,
        })
    }

    /// The draft in the form.
    pub(super) async fn escalation_draft(&self, form: &PolicyForm<'_>) -> Result<Draft> {
        let latest = self.escalation_versions().await?.latest();
        if form.number("version") != Some(latest.version) {
            return Err(self.escalation_policy_overtaken().await?);
        }
        check(form, &latest, self.clock.now())
    }

    /// Publishes the draft of a replay that has finished, with a reason. Says which version it is.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason, [`Error::Conflict`] while the replay has not finished, and when another version was
    /// published or the start has passed meanwhile.
    pub async fn publish_escalation_policy(&self, actor: &Actor, replay: &str, why: &str) -> Result<Publication> {
        require(actor, Action::ManagePolicies)?;
        let run = what_ifs::get(&self.store.portal, replay)
            .await?
            .ok_or(Error::NotFound)?;
        let mut checks = Checks::default();
        let Some(why) = checks.text("reason", "why the rules change", why, REASON_LENGTH) else {
            return Err(checks.error());
        };
        let before = self.escalation_versions().await?.latest();
        let mut tx = self.store.portal.begin().await?;
        let now = facts::hold(&mut tx, self.clock.now().trunc_subsecs(0)).await?;
        if let Some(obstacle) = obstacle(&run, &before, now) {
            return Err(Error::Conflict(obstacle.to_owned()));
        }
        let publication = Publication {
            starts: run.starts.unwrap_or(now),
            policy: run.draft,
        };
        match escalation_policies::publish(&mut tx, &publication, actor.user, &why, self.clock.now()).await {
            Err(error) if error.is_taken("escalation_policy", "version") => {
                drop(tx);
                return Err(Error::Conflict(OVERTAKEN.to_owned()));
            }
            other => other?,
        }
        if publication.starts <= now {
            let kind = FactKind::PolicyPublished {
                policy: publication.policy.clone().into(),
            };
            filing::file_by(&mut tx, actor, now, None, kind, &why).await?;
        }
        let mut after = described(&publication.policy);
        after["in force from"] = json!(publication.starts);
        let subject = format!("escalation {}", publication.policy.version);
        let change = Change {
            action: "policy.published",
            subject: ("policy", subject, "Escalation policy"),
            partner: None,
            before: described(&before),
            after,
            why: Some(&why),
        };
        audit::by(&mut tx, actor, &self.clock, change).await?;
        tx.commit().await?;
        self.wake.escalation.notify_one();
        Ok(publication)
    }

    /// Files the versions that take over by now. Says when the next one does.
    pub(super) async fn file_due_policies(&self) -> Result<Option<DateTime<Utc>>> {
        let next = self
            .escalation_versions()
            .await?
            .pending
            .first()
            .map(|next| next.starts);
        let now = self.clock.now();
        let Some(starts) = next.filter(|starts| *starts <= now) else {
            return Ok(next);
        };
        let mut tx = self.store.portal.begin().await?;
        // However late it is noticed, it holds from its start on, unless something is known of a later time.
        facts::hold(&mut tx, starts).await?;
        let mut filed = Vec::new();
        let mut coming = self.pending_for(&mut tx).await?.into_iter().peekable();
        while let Some(due) = coming.next_if(|planned| planned.starts <= now) {
            let kind = FactKind::PolicyPublished {
                policy: due.policy.clone().into(),
            };
            let fact = filing::file(&mut tx, due.starts, None, kind).await?;
            filed.push((due.policy.version, fact));
        }
        for (version, fact) in &filed {
            let change = Change {
                action: "policy.in_force",
                subject: ("policy", format!("escalation {version}"), "Escalation policy"),
                partner: None,
                before: json!({}),
                after: json!({ "version": version, "fact": fact.id, "at": fact.at }),
                why: None,
            };
            audit::write(&mut tx, Who::System, &self.clock, change).await?;
        }
        tx.commit().await?;
        Ok(coming.next().map(|planned| planned.starts))
    }

    /// The planned versions, for whoever files them.
    async fn pending_for(&self, tx: &mut Tx) -> Result<Vec<Publication>> {
        let in_force = facts::policy_in_force(tx).await?;
        let version = match in_force.map(|fact| fact.kind) {
            Some(FactKind::PolicyPublished { policy }) => policy.version,
            _ => EscalationPolicy::standard().version,
        };
        Ok(pending(escalation_policies::all(tx).await?, version))
    }

    async fn escalation_policy_overtaken(&self) -> Result<Error> {
        let versions = self.escalation_versions().await?;
        let who = versions.history.first().map_or_else(
            || "Somebody published a version".to_owned(),
            |latest| {
                format!(
                    "{} published version {} on {}",
                    latest.by,
                    latest.publication.policy.version,
                    latest.at.format("%-d %b %Y at %H:%M UTC")
                )
            },
        );
        Ok(Error::Stale(format!(
            "{who}, after you had begun. What it says stands beside each field that differs from yours. Replay again to put \
             yours in its place."
        )))
    }
}

const OVERTAKEN: &str =
    "Another version was published meanwhile. Change the draft and replay it again to base it on that one.";

/// Why the draft of a replay cannot be published; nothing when it can.
pub(in crate::service) fn obstacle(
    run: &what_ifs::Run,
    latest: &EscalationPolicy,
    now: DateTime<Utc>,
) -> Option<&'static str> {
    match run.status {
        _ if run.base != latest.version => Some(OVERTAKEN),
        what_ifs::Status::Waiting | what_ifs::Status::Running => Some("The replay has not finished."),
        what_ifs::Status::Cancelled => Some("The replay was cancelled. Replay the draft again to see what it does."),
        what_ifs::Status::Finished if run.starts.is_some_and(|starts| starts <= now) => {
            Some("The time at which it was to take over has passed. Change the draft and replay it again.")
        }
        what_ifs::Status::Finished => None,
    }
}

/// The version that follows `latest`.
fn check(form: &PolicyForm<'_>, latest: &EscalationPolicy, now: DateTime<Utc>) -> Result<Draft> {
    let mut checks = Checks::default();
    let mut policy = latest.clone();
    policy.version = latest.version + 1;
    policy.demotion.automatic = !form.text(EscalationNumber::AUTOMATIC).is_empty();
    for ((name, number), field) in policy.numbers_mut().into_iter().zip(EscalationNumber::ALL) {
        let within = field.smallest..=field.largest;
        let typed = form.number(name).filter(|typed| within.contains(typed));
        let message = format!("Enter a whole number from {} to {}.", field.smallest, field.largest);
        if let Some(typed) = checks.take(name, typed.ok_or(message)) {
            *number = typed;
        }
    }
    let too_early = "This time has passed. Choose a later one, or leave the field empty.";
    let starts = form.time_ahead(&mut checks, now, now + TimeDelta::seconds(1), too_early);
    let Some(starts) = starts.filter(|_| checks.is_fine()) else {
        return Err(checks.error());
    };
    if changes(latest, &policy).is_empty() {
        return Err(Error::Invalid(Invalid {
            fields: Vec::new(),
            message: Some(format!("Nothing differs from version {}.", latest.version)),
        }));
    }
    Ok(Draft { policy, starts })
}

/// What differs between two versions, number by number.
pub(in crate::service) fn changes(before: &EscalationPolicy, after: &EscalationPolicy) -> Vec<PolicyChange> {
    let shown = |policy: &EscalationPolicy, name| policy.number(name).unwrap_or_default().to_string();
    let numbers = EscalationNumber::ALL.map(|number| {
        (
            number.about,
            number.label,
            shown(before, number.name),
            shown(after, number.name),
        )
    });
    let decides = |policy: &EscalationPolicy| match policy.demotion.automatic {
        true => "the engine".to_owned(),
        false => "a program manager".to_owned(),
    };
    let automatic = ("Demotion", "confirmed by", decides(before), decides(after));
    numbers
        .into_iter()
        .chain([automatic])
        .filter(|(_, _, before, after)| before != after)
        .map(|(about, what, before, after)| PolicyChange {
            about,
            what,
            before,
            after,
        })
        .collect()
}

/// A version as the audit log keeps it.
fn described(policy: &EscalationPolicy) -> Value {
    serde_json::to_value(policy).unwrap_or_default()
}
