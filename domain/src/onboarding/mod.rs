//! Onboarding of an app (SPEC section 3): the checklist of its approval, and who has to act next.

mod checklist;
mod facts;
mod item;
mod next;

pub use checklist::{Checklist, Entry, State};
pub use facts::{AlertAddress, Facts, HealthCheck, Readiness, ReviewState, SeriesFact};
pub use item::{Item, Need, Party};
pub use next::{Next, next};

/// How many days a waiver lasts at most.
pub const LONGEST_WAIVER_DAYS: i64 = 366;

/// Of so many minutes the health check is judged.
pub const HEALTH_MINUTES: i64 = 24 * 60;
/// Before so many probes within them nothing is said about it.
pub const FEWEST_PROBES: u64 = 30;
/// So many percent of them have to be good.
pub const GOOD_PROBES_PERCENT: u64 = 99;

/// Synthetic tests were seen when a result came within so many days.
pub const SYNTHETIC_DAYS: i64 = 7;
