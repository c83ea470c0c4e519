//! What Rampart writes to people, and how it is sent.

mod action;
mod alert;
mod appeal;
mod approval;
mod burn_rate;
mod contact;
mod decision;
mod drill;
mod flapping;
pub mod incident_data;
mod invitation;
mod letter;
mod miss;
mod readiness;
pub mod send;
mod synthetics;

pub use action::{ActionNews, ActionNotice, action_notice};
pub use alert::{Alert, Hour, alert};
pub use appeal::{AppealVerdict, appeal_opened, appeal_verdict};
pub use approval::{ApprovalNews, ApprovalNotice, approval_notice};
pub use burn_rate::{BurnRate, burn_rate};
pub use contact::{ContactNotice, contact_notice};
pub use decision::{DecisionNotice, decision_notice};
pub use drill::{Drill, drill};
pub use flapping::{Flapping, FlappingState, flapping};
pub use invitation::invitation;
pub use letter::{PATIENCE, Stationery};
pub use miss::{MissNotice, miss};
pub use readiness::{ReadinessNews, ReadinessNotice, readiness_notice};
pub use synthetics::{FailingApp, FailingSynthetics, failing_synthetics};
