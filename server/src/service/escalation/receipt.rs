//! Receipts: what a decision follows from, so that `rampart replay` comes to it on any machine (SPEC section 6).

use chrono::{DateTime, Utc};
use rampart_domain::escalation::{EscalationPolicy, Fact};
use sha2::{Digest, Sha256};

use super::super::{Result, Service};
use crate::store::{Scope, apps, facts};

/// SHA-256, in hex, over the policy at the beginning and every fact up to and including `at`, each as one line of JSON as it
/// is exported.
pub(super) fn inputs(policy: &EscalationPolicy, facts: &[Fact], at: DateTime<Utc>) -> String {
    let mut hash = Sha256::new();
    hash.update(policy_line(policy));
    for fact in facts.iter().filter(|fact| fact.at <= at) {
        hash.update(fact_line(fact));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The policy before any was published, as a file for `rampart replay` holds it.
pub fn initial_policy() -> String {
    policy_line(&EscalationPolicy::standard())
}

/// A fact, as a file for `rampart replay` holds it.
pub fn fact_line(fact: &Fact) -> String {
    line(fact)
}

fn policy_line(policy: &EscalationPolicy) -> String {
    line(policy)
}

fn line(value: &impl serde::Serialize) -> String {
    // Neither has a map with keys that are no texts, which is all that could fail.
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

impl Service {
    /// Every fact, or those of an app and of all apps, for whoever may read everything; nothing when there is no such app.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn exported_facts(&self, app_key: Option<&str>) -> Result<Option<Vec<Fact>>> {
        let db = &self.store.portal;
        let Some(key) = app_key else {
            return Ok(Some(facts::all(db).await?));
        };
        let Some(app) = apps::by_key(db, Scope::system(), key).await? else {
            return Ok(None);
        };
        Ok(Some(facts::of_app(db, Scope::system(), app.id).await?))
    }
}
