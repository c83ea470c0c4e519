//! What Rampart writes to people, and how it is sent.

mod alert;
mod decision;
mod drill;
pub mod incident_data;
mod invitation;
mod letter;
pub mod send;

pub use alert::{Alert, Hour, alert};
pub use decision::{DecisionNotice, decision_notice};
pub use drill::{Drill, drill};
pub use invitation::invitation;
pub use letter::{PATIENCE, Stationery};
