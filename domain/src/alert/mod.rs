//! Alert episodes: when one opens, stays open, closes and counts (SPEC section 2), when the ledger excuses it (section 5), and
//! which of them are one occurrence. Pure functions from one evaluation to the next; storing, mailing and bundling are the
//! caller's.

mod burn_rate;
mod condition;
mod episode;
mod excused;
mod flapping;
mod occurrence;
mod synthetics;
mod verdict;

pub use burn_rate::{BurnRateAlert, BurnRateStep, burn_rate_hundredths, burn_rate_step, burn_rate_window};
pub use condition::{Evaluated, WindowState, alert_window};
pub use episode::{Closing, OpenEpisode, Step, advance, counts_now};
pub use excused::{Assessment, assess, episode_range};
pub use flapping::{Bundle, Happened, Notice, bundle};
pub use occurrence::{OCCURRENCE_GAP, Occurrence};
pub use synthetics::{FailingTogether, Together, failing_together, starting_range, starts_failing, synthetic_range};
pub use verdict::Verdict;
