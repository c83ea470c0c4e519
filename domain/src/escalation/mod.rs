//! The escalation engine (SPEC section 6; `escalation.md` defines it exactly): facts in, decisions out. No clock and no state
//! of its own, so the server, the what-if page and `rampart replay` get the same answer from the same facts.
//!
//! An auditor begins with `course.rs`: the order of work first, then the rules in their order.

mod appeal;
mod course;
mod decision;
mod evidence;
mod explain;
mod fact;
mod ladder;
mod outlook;
mod policy;
mod publication;
mod replay;
mod what_if;

pub use appeal::if_granted;
pub use course::{Outcome, Standing, decide};
pub use decision::{Decision, Rule, State};
pub use fact::{Fact, FactError, FactKind, Text, parse_time, show_time};
pub use ladder::{Counting, Ladder};
pub use policy::{Demotion, EscalationPolicy, EscalationPolicyError, Recovery, Reinstatement, Remediation};
pub use publication::{Publication, pending};
pub use replay::{Contradiction, Replay, find_contradiction};
pub use what_if::{Comparison, Difference, WhatIf};

#[cfg(test)]
mod tests;
