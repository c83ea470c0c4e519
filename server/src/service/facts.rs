//! Filing of facts, on which the escalation engine rests (SPEC section 6).

use chrono::{DateTime, SubsecRound, Utc};
use rampart_domain::{
    access::Actor,
    escalation::{Fact, FactKind, Text},
    id::AppId,
};

use super::Result;
use crate::{
    random,
    store::{
        Tx,
        audit::Who,
        facts::{self, FiledBy},
    },
};

/// Files what became known at `at`, about an app (with its key) or about all. The id of a fact is random: numbers in a row
/// would tell partners how much happens to others.
///
/// # Errors
/// When the database cannot be written to.
pub async fn file(tx: &mut Tx, at: DateTime<Utc>, app: Option<(AppId, &str)>, kind: FactKind) -> Result<Fact> {
    Ok(facts::file(tx, app.map(|(id, _)| id), fact(at, app.map(|(_, key)| key), kind), None).await?)
}

/// Files what a person did, with the reason they gave.
pub(super) async fn file_by(
    tx: &mut Tx,
    actor: &Actor,
    at: DateTime<Utc>,
    app: Option<(AppId, &str)>,
    kind: FactKind,
    why: &str,
) -> Result<Fact> {
    let by = FiledBy {
        account: actor.user,
        why,
    };
    Ok(facts::file(
        tx,
        app.map(|(id, _)| id),
        fact(at, app.map(|(_, key)| key), kind),
        Some(by),
    )
    .await?)
}

/// Files what follows from what `who` did, a person with the reason they gave: nobody decides on what they brought about.
pub(super) async fn file_for(
    tx: &mut Tx,
    who: Who<'_>,
    at: DateTime<Utc>,
    app: (AppId, &str),
    kind: FactKind,
    why: &str,
) -> Result<Fact> {
    match who {
        Who::Person(actor) => file_by(tx, actor, at, Some(app), kind, why).await,
        Who::Outside { .. } | Who::System => file(tx, at, Some(app), kind).await,
    }
}

fn fact(at: DateTime<Utc>, app: Option<&str>, kind: FactKind) -> Fact {
    Fact {
        id: Text::new(random::incident_id()),
        at: at.trunc_subsecs(0),
        app: app.map(Text::new),
        kind,
    }
}
