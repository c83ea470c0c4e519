//! What Rampart writes to people, and how it is sent.

mod alert;
mod drill;
pub mod incident_data;
mod invitation;
mod letter;
mod miss;
pub mod send;

pub use alert::{Alert, Hour, alert};
pub use drill::{Drill, drill};
pub use invitation::invitation;
pub use letter::{PATIENCE, Stationery};
pub use miss::{MissNotice, miss};
