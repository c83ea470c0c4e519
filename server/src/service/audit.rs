//! Shorthand for the audit rows that the use cases write.

use rampart_domain::{access::Actor, id::PartnerId};
use serde_json::Value;

use super::Result;
use crate::{
    clock::Clock,
    store::{
        Tx,
        audit::{self, Entry, Subject, Who},
    },
};

/// What happened to what.
pub(super) struct Change<'a> {
    pub action: &'static str,
    /// (kind, id, name).
    pub subject: (&'static str, String, &'a str),
    pub partner: Option<PartnerId>,
    pub before: Value,
    pub after: Value,
    pub why: Option<&'a str>,
}

/// Writes the audit row of a person's change. Call it last in the transaction.
pub(super) async fn by(tx: &mut Tx, actor: &Actor, clock: &Clock, change: Change<'_>) -> Result<()> {
    write(tx, Who::Person(actor), clock, change).await
}

/// Writes the audit row of a change that no signed-in person made.
pub(super) async fn write(tx: &mut Tx, who: Who<'_>, clock: &Clock, change: Change<'_>) -> Result<()> {
    let (kind, id, name) = change.subject;
    let entry = Entry {
        actor: who,
        action: change.action,
        subject: Subject { kind, id, name },
        partner: change.partner,
        before: change.before,
        after: change.after,
        why: change.why,
    };
    Ok(audit::append(tx, entry, clock.now()).await?)
}
