//! Filing of facts, on which the escalation engine rests (SPEC section 6).

use chrono::{DateTime, SubsecRound, Utc};
use rampart_domain::{
    escalation::{Fact, FactKind, Text},
    id::AppId,
};

use super::Result;
use crate::{
    random,
    store::{Tx, facts},
};

/// Files what became known at `at`, about an app (with its key) or about all. The id of a fact is random: numbers in a row
/// would tell partners how much happens to others.
///
/// # Errors
/// When the database cannot be written to.
pub async fn file(tx: &mut Tx, at: DateTime<Utc>, app: Option<(AppId, &str)>, kind: FactKind) -> Result<Fact> {
    let fact = Fact {
        id: Text::new(random::incident_id()),
        at: at.trunc_subsecs(0),
        app: app.map(|(_, key)| Text::new(key)),
        kind,
    };
    Ok(facts::file(tx, app.map(|(id, _)| id), fact).await?)
}
