//! Alert episodes: when one opens, stays open, closes and counts (SPEC section 2), when the ledger excuses it (section 5), and
//! which of them are one occurrence. Pure functions from one evaluation to the next; storing, mailing and bundling are the
//! caller's.

mod condition;
mod episode;
mod excused;
mod occurrence;

pub use condition::{Evaluated, WindowState, alert_window};
pub use episode::{Closing, OpenEpisode, Step, advance, counts_now};
pub use excused::{Assessment, assess, episode_range};
pub use occurrence::{OCCURRENCE_GAP, Occurrence};
