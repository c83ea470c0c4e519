//! The measurement policy: which version holds, and publishing the next one (SPEC section 2).

mod draft;
mod known;

pub(super) use draft::changes;
pub(super) use known::Known;

use chrono::TimeDelta;
use rampart_app::model::PolicyReview;
use rampart_domain::{
    access::{Action, Actor},
    policy::{MeasurementPolicy, Policies, SliPolicy},
    sli::Sli,
};
use serde_json::{Map, Value, json};

use super::{
    Error, Result, Service,
    access::require,
    audit::{self, Change},
};
use crate::store::policies;

use draft::Draft;
pub use draft::PolicyForm;

/// How long before its start a version is published at the latest, in minutes: every server knows it before it holds.
const NOTICE: i64 = 2;
/// How far ahead a version can be planned.
const PLANNED_AHEAD: TimeDelta = TimeDelta::days(366);

impl Service {
    /// What publishing this form would change. Publishes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for values that cannot be used, [`Error::Stale`] when another version was published meanwhile.
    pub async fn review_policy(&self, actor: &Actor, form: &PolicyForm<'_>) -> Result<PolicyReview> {
        let policies = self.policies().await?;
        let draft = self.draft(actor, form, &policies).await?;
        let replaced = policies.planned(self.clock.minute());
        let replaced = replaced.iter().filter(|p| p.starts >= draft.published.starts);
        Ok(PolicyReview {
            values: form.values.to_vec(),
            version: draft.published.policy.version,
            starts: draft.planned.then(|| draft.published.starts.start()),
            changes: changes(policies.latest(), &draft.published.policy),
            replaces: replaced.map(|p| (p.policy.version, p.starts.start())).collect(),
        })
    }

    /// Publishes a version. Says from when on it holds.
    ///
    /// # Errors
    /// As [`Service::review_policy`].
    pub async fn publish_policy(&self, actor: &Actor, form: &PolicyForm<'_>) -> Result<policies::Version> {
        let before = self.policies().await?;
        let Draft { published, reason, .. } = self.draft(actor, form, &before).await?;
        let now = self.clock.now();
        let mut tx = self.store.portal.begin().await?;
        match policies::publish(&mut tx, &published, actor.user, &reason, now).await {
            Err(error) if error.is_taken("measurement_policy", "version") => {
                drop(tx);
                return Err(self.overtaken().await?);
            }
            other => other?,
        }
        let version = published.policy.version;
        let mut after = described(&published.policy);
        after["in force from"] = json!(published.starts.start());
        audit::by(
            &mut tx,
            actor,
            &self.clock,
            Change {
                action: "policy.published",
                subject: ("policy", format!("measurement {version}"), "Measurement policy"),
                partner: None,
                before: described(before.latest()),
                after,
                why: Some(&reason),
            },
        )
        .await?;
        tx.commit().await?;
        Ok(policies::Version {
            published,
            by: actor.name.clone(),
            at: now,
            reason,
        })
    }

    async fn draft(&self, actor: &Actor, form: &PolicyForm<'_>, policies: &Policies) -> Result<Draft> {
        require(actor, Action::ManagePolicies)?;
        let latest = policies.latest();
        if form.number("version") != Some(u64::from(latest.version)) {
            return Err(self.overtaken().await?);
        }
        form.check(latest, self.clock.minute())
    }

    /// Why a version that is based on an older one is not published.
    async fn overtaken(&self) -> Result<Error> {
        let latest = policies::history(&self.store.portal).await?.into_iter().next();
        let who = latest.map_or_else(
            || "Somebody published a version".to_owned(),
            |latest| {
                format!(
                    "{} published version {} on {}",
                    latest.by,
                    latest.published.policy.version,
                    latest.at.format("%-d %b %Y at %H:%M UTC")
                )
            },
        );
        Ok(Error::Stale(format!(
            "{who}, after you had begun. What it says stands beside each field that differs from yours. Review again to put \
             yours in its place."
        )))
    }
}

/// The rows of a policy's table.
pub(super) fn rows(policy: &MeasurementPolicy) -> impl Iterator<Item = (Sli, &SliPolicy)> {
    Sli::ALL.iter().filter_map(|sli| Some((*sli, policy.for_sli(*sli)?)))
}

/// A version as the audit log keeps it.
fn described(policy: &MeasurementPolicy) -> Value {
    let rules = rows(policy).map(|(sli, rules)| {
        let numbers = json!({
            "objective": rules.slo.to_string(),
            "alert below": rules.alert.threshold.to_string(),
            "alert window, minutes": rules.alert.window_minutes,
            "bad events for an alert": rules.alert.min_bad,
            "settles after, minutes": rules.settle_minutes,
        });
        (sli.name().to_owned(), numbers)
    });
    let mut all: Map<String, Value> = rules.collect();
    all.insert("version".to_owned(), json!(policy.version));
    Value::Object(all)
}
