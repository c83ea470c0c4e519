//! What becomes of an app if its appeal is granted (SPEC section 6): asked of the engine itself.

use chrono::{DateTime, Utc};

use super::{EscalationPolicy, Fact, FactKind, Outcome, Text, decide};

/// Where an app would stand at `now` if an appeal were granted then: with these breaches and misses excused, or no longer, and
/// the appeal closed. `facts` are the app's own and those of all apps, in order, none of them later than `now`.
pub fn if_granted(
    app: &Text,
    policy: &EscalationPolicy,
    facts: &[Fact],
    changes: &[(Text, bool)],
    now: DateTime<Utc>,
) -> Outcome {
    let excused = changes.iter().map(|(id, excused)| match excused {
        true => FactKind::Excused { reference: id.clone() },
        false => FactKind::Unexcused { reference: id.clone() },
    });
    let kinds = excused.chain([FactKind::AppealClosed]);
    let then: Vec<Fact> = kinds
        .enumerate()
        .map(|(number, kind)| Fact {
            id: Text::new(format!("if granted {number}")),
            at: now,
            app: Some(app.clone()),
            kind,
        })
        .collect();
    let all: Vec<&Fact> = facts.iter().chain(&then).collect();
    decide(app, policy, &all, now)
}
