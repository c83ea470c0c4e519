//! The escalation engine (SPEC section 6; `escalation.md` defines it exactly): facts in, decisions out. No clock and no state
//! of its own, so the server, the what-if page and `rampart replay` get the same answer from the same facts.

mod fact;
mod policy;

pub use fact::{Fact, FactError, FactKind, Text, parse_time, show_time};
pub use policy::{Demotion, EscalationPolicy, EscalationPolicyError, Recovery, Reinstatement, Remediation};
